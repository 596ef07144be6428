-- Everything that is defined in a database and must be there again after a restore, as {"kind name": fingerprint}.
-- What an extension brings is the extension's; what PostgreSQL brings is nobody's.
with spaces as (
  select oid, nspname, nspowner, nspacl from pg_catalog.pg_namespace n
  where nspname !~ '^pg_' and nspname <> 'information_schema'
    and not exists (select from pg_catalog.pg_depend d
      where d.classid = 'pg_catalog.pg_namespace'::regclass and d.objid = n.oid and d.deptype = 'e')
), relations as (
  select c.*, s.nspname, pg_catalog.format('%I.%I', s.nspname, c.relname) as name
  from pg_catalog.pg_class c join spaces s on s.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'v', 'm', 'S', 'f')
    and not exists (select from pg_catalog.pg_depend d
      where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
), functions as (
  select p.*, pg_catalog.format('%I.%I(%s)', s.nspname, p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid)) as name
  from pg_catalog.pg_proc p join spaces s on s.oid = p.pronamespace
  where not exists (select from pg_catalog.pg_depend d
    where d.classid = 'pg_catalog.pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
), definitions(name, definition) as (
  select 'extension ' || extname, extversion from pg_catalog.pg_extension
  union all
  select 'schema ' || nspname, pg_catalog.pg_get_userbyid(nspowner) from spaces
  union all
  select 'relation ' || name, pg_catalog.concat_ws(' ', relkind, pg_catalog.pg_get_userbyid(relowner), relpersistence,
    pg_catalog.array_to_string(reloptions, ','), pg_catalog.pg_get_expr(relpartbound, oid),
    (select pg_catalog.string_agg(pg_catalog.concat_ws(' ', a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod),
        a.attnotnull, a.attidentity, a.attgenerated, pg_catalog.pg_get_expr(d.adbin, d.adrelid)), ',' order by a.attnum)
      from pg_catalog.pg_attribute a
      left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
      where a.attrelid = relations.oid and a.attnum > 0 and not a.attisdropped)) from relations
  union all
  select 'row-security ' || name, pg_catalog.concat_ws(' ', relrowsecurity, relforcerowsecurity) from relations where relkind in ('r', 'p')
  union all
  select 'grants ' || kind || name, (
      select pg_catalog.string_agg(pg_catalog.concat_ws(' ',
          case when g.grantee = 0 then 'public' else pg_catalog.pg_get_userbyid(g.grantee) end,
          g.privilege_type, g.is_grantable), ',' order by
          case when g.grantee = 0 then 'public' else pg_catalog.pg_get_userbyid(g.grantee)::text end, g.privilege_type)
      from pg_catalog.aclexplode(acl) g)
    from (
      select '' as kind, name, coalesce(relacl, pg_catalog.acldefault(case relkind when 'S' then 's' else 'r' end::"char", relowner)) as acl from relations
      union all
      select 'schema ', nspname, coalesce(nspacl, pg_catalog.acldefault('n', nspowner)) from spaces
      union all
      select 'function ', name, coalesce(proacl, pg_catalog.acldefault('f', proowner)) from functions
      union all
      select 'column ', r.name || '.' || a.attname, a.attacl from pg_catalog.pg_attribute a
        join relations r on r.oid = a.attrelid where a.attacl is not null and not a.attisdropped
    ) grantable
  union all
  select 'policy ' || r.name || '.' || p.polname, pg_catalog.concat_ws(' ', p.polcmd, p.polpermissive,
    (select pg_catalog.string_agg(case when o = 0 then 'public' else pg_catalog.pg_get_userbyid(o)::text end, ','
      order by case when o = 0 then 'public' else pg_catalog.pg_get_userbyid(o)::text end) from unnest(p.polroles) o),
    pg_catalog.pg_get_expr(p.polqual, p.polrelid), pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid))
    from pg_catalog.pg_policy p join relations r on r.oid = p.polrelid
  union all
  select 'constraint ' || r.name || '.' || c.conname, pg_catalog.concat_ws(' ', pg_catalog.pg_get_constraintdef(c.oid), c.convalidated)
    from pg_catalog.pg_constraint c join relations r on r.oid = c.conrelid where c.contype <> 't'
  union all
  select 'index ' || r.name || '.' || i.relname, pg_catalog.concat_ws(' ', pg_catalog.pg_get_indexdef(x.indexrelid), x.indisvalid)
    from pg_catalog.pg_index x join relations r on r.oid = x.indrelid join pg_catalog.pg_class i on i.oid = x.indexrelid
  union all
  select 'trigger ' || r.name || '.' || t.tgname, pg_catalog.concat_ws(' ', pg_catalog.pg_get_triggerdef(t.oid), t.tgenabled)
    from pg_catalog.pg_trigger t join relations r on r.oid = t.tgrelid where not t.tgisinternal
  union all
  select 'function ' || name, pg_catalog.concat_ws(' ', pg_catalog.pg_get_userbyid(proowner), case when prokind <> 'a' then pg_catalog.pg_get_functiondef(oid) end)
    from functions
  union all
  select 'view ' || name, pg_catalog.pg_get_viewdef(oid) from relations where relkind in ('v', 'm')
  union all
  select 'type ' || pg_catalog.format('%I.%I', s.nspname, t.typname), pg_catalog.concat_ws(' ', t.typtype,
      pg_catalog.format_type(t.typbasetype, t.typtypmod), t.typnotnull, t.typdefault,
      (select pg_catalog.string_agg(e.enumlabel, ',' order by e.enumsortorder) from pg_catalog.pg_enum e where e.enumtypid = t.oid))
    from pg_catalog.pg_type t join spaces s on s.oid = t.typnamespace
    where t.typtype in ('e', 'd', 'r') and not exists (select from pg_catalog.pg_depend d
      where d.classid = 'pg_catalog.pg_type'::regclass and d.objid = t.oid and d.deptype = 'e')
  union all
  select 'publication ' || pubname, pg_catalog.concat_ws(' ', puballtables, pubinsert, pubupdate, pubdelete, pubtruncate,
      (select pg_catalog.string_agg(pg_catalog.format('%I.%I', t.schemaname, t.tablename), ',' order by t.schemaname, t.tablename)
        from pg_catalog.pg_publication_tables t where t.pubname = p.pubname)) from pg_catalog.pg_publication p
  union all
  select 'event-trigger ' || evtname, pg_catalog.concat_ws(' ', evtevent, evtfoid::pg_catalog.regproc, evtenabled, evttags)
    from pg_catalog.pg_event_trigger e where not exists (select from pg_catalog.pg_depend d
      where d.classid = 'pg_catalog.pg_event_trigger'::regclass and d.objid = e.oid and d.deptype = 'e')
  union all
  select 'large-objects all', pg_catalog.count(*)::text from pg_catalog.pg_largeobject_metadata
)
select coalesce(pg_catalog.jsonb_object_agg(name, pg_catalog.left(pg_catalog.encode(
  pg_catalog.sha256(pg_catalog.convert_to(coalesce(definition, ''), 'UTF8')), 'hex'), 16)), '{}') from definitions
