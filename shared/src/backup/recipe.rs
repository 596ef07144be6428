//! How to restore with stock tools alone, for the day on which we are gone too.

use super::{Manifest, Role};

/// The commands that restore this backup, for a shell with `age`, `zstd` and PostgreSQL's client programs. `place` is
/// the store's folder, or the folder into which its objects were fetched.
pub fn recipe(manifest: &Manifest, place: &str) -> String {
    let major = manifest.source.version.split('.').next().unwrap_or_default();
    let mut text = format!(
        "# {}: {} of PostgreSQL {}, as of {}\n\
         # Needs age, zstd, and psql and pg_restore of PostgreSQL {major} or newer.\n\
         set -e -o pipefail\n\
         KEY=identity.txt               # one of the age identities that are kept offline\n\
         TARGET=restored                # a new, empty database, never the live one\n",
        manifest.id, manifest.source.database, manifest.source.version, manifest.snapshot_at,
    );
    let mut place = place;
    if place.starts_with("s3://") {
        let folder = Manifest::folder(&manifest.id);
        let bucket = place.split('?').next().unwrap_or(place).trim_end_matches('/');
        let from = quoted(&format!("{bucket}/{folder}"));
        text += &format!("aws s3 cp --recursive {from} {}\n", quoted(&folder));
        place = ".";
    }
    let path = |name: &str| quoted(&format!("{}/{name}", place.trim_end_matches('/')));
    for object in &manifest.objects {
        text += &format!(
            "echo {}  | sha256sum -c\n",
            quoted(&format!(
                "{}  {}/{}",
                object.stored.sha256,
                place.trim_end_matches('/'),
                object.name
            )),
        );
    }
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

/// As one word for a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
