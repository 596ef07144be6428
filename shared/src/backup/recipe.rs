//! How to restore with stock tools alone, for the day on which we are gone too.

use super::{Manifest, Role};

/// The commands that restore this backup, for a shell with `age`, `zstd` and PostgreSQL's client programs. `place` is
/// the store's folder, or the folder into which its objects were fetched.
pub fn recipe(manifest: &Manifest, place: &str) -> String {
    if manifest.is_files() {
        return of_files(manifest, place);
    }
    let major = manifest.source.version.split('.').next().unwrap_or_default();
    let mut text = format!(
        "# {}: {} of PostgreSQL {}, as of {}\n\
         # Needs age, zstd, and psql and pg_restore of PostgreSQL {major} or newer.\n\
         set -e -o pipefail\n\
         KEY=identity.txt               # one of the age identities that are kept offline\n\
         TARGET=restored                # a new, empty database, never the live one\n",
        manifest.id, manifest.source.database, manifest.source.version, manifest.snapshot_at,
    );
    let place = fetched(manifest, place, &mut text);
    let path = |name: &str| quoted(&format!("{place}/{name}"));
    if let Some(roles) = manifest.object(Role::Roles) {
        let path = path(&roles.name);
        text += &format!(
            "# Roles that are there already are named as errors here; that harms nothing.\n\
             age -d -i \"$KEY\" {path} | zstd -dc | psql -X -q -d postgres\n"
        );
    }
    if let Some(database) = manifest.object(Role::Database) {
        let path = path(&database.name);
        text += &format!(
            "createdb -T template0 \"$TARGET\"\n\
             age -d -i \"$KEY\" {path} | zstd -dc | pg_restore --exit-on-error --single-transaction -d \"$TARGET\"\n"
        );
    }
    text
}

/// Writes down how the objects come near and are checked, and says where they are then.
fn fetched<'a>(manifest: &Manifest, place: &'a str, text: &mut String) -> &'a str {
    let mut place = place;
    if place.starts_with("s3://") {
        let folder = Manifest::folder(&manifest.id);
        let bucket = place.split('?').next().unwrap_or(place).trim_end_matches('/');
        let from = quoted(&format!("{bucket}/{folder}"));
        *text += &format!("aws s3 cp --recursive {from} {}\n", quoted(&folder));
        place = ".";
    }
    let place = place.trim_end_matches('/');
    for object in &manifest.objects {
        let line = format!("{}  {place}/{}", object.stored.sha256, object.name);
        *text += &format!("echo {}  | sha256sum -c\n", quoted(&line));
    }
    place
}

fn of_files(manifest: &Manifest, place: &str) -> String {
    let mut text = format!(
        "# {}: {}, as of {}\n\
         # Needs age, zstd and tar.\n\
         set -e -o pipefail\n\
         KEY=identity.txt               # one of the age identities that are kept offline\n\
         TARGET=restored                # a new folder; there are secrets in it\n",
        manifest.id, manifest.source.database, manifest.snapshot_at,
    );
    let place = fetched(manifest, place, &mut text);
    text += "mkdir -m 700 \"$TARGET\"\n";
    for object in &manifest.objects {
        let path = quoted(&format!("{place}/{}", object.name));
        text += &format!("age -d -i \"$KEY\" {path} | zstd -dc | tar -x -C \"$TARGET\"\n");
    }
    text
}

/// As one word for a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
