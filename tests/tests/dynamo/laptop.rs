//! The real terminal on a laptop, over the table that the functions share.

use std::process::Command;

use tests::command::{Desk, Said};
use tests::tables::Tables;

/// Updates said in the same moment.
const AT_ONCE: usize = 6;

struct Laptop {
    desk: Desk,
    tables: Tables,
    table: String,
}

impl Laptop {
    fn command(&self, line: &str) -> Command {
        let line = format!("--as devops-engineer --store dynamodb:{} {line}", self.table);
        let mut command = self.desk.command(&line);
        for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
            command.env(name, "fictional");
        }
        command.env("AWS_REGION", "us-west-2").env("AWS_ENDPOINT_URL", &self.tables.url);
        command
    }

    fn says(&self, line: &str) -> Said {
        Said::from(&self.command(line).output().unwrap())
    }

    fn does(&self, line: &str) -> String {
        let said = self.says(line);
        assert_eq!(said.code, 0, "{line}: {}", said.err);
        said.out
    }
}

#[test]
fn an_incident_is_run_by_hand_and_nothing_is_lost_where_several_write_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let tables = Tables::start().unwrap();
    let table = tables.make().unwrap();
    let laptop = Laptop { desk: Desk::in_folder(folder.path()), tables, table };
    laptop.does("incident declare p1 site down");
    laptop.does("incident ack");
    let commands = (0..AT_ONCE).map(|word| laptop.command(&format!("incident update word {word}")));
    let running: Vec<_> = commands.map(|mut command| command.spawn().unwrap()).collect();
    for mut one in running {
        assert!(one.wait().unwrap().success(), "an update was lost");
    }
    let timeline = laptop.does("incident timeline 1");
    for word in 0..AT_ONCE {
        assert_eq!(timeline.matches(&format!("word {word}")).count(), 1, "{timeline}");
    }
    assert!(timeline.contains("devops-engineer has it"), "{timeline}");
    assert!(laptop.does("verify").contains("every hash as it should be"));
    assert!(laptop.does("doctor").contains("the functions on AWS"));
    let served = laptop.says("serve");
    assert_eq!(served.code, 1);
    assert!(served.err.contains("served by the functions on AWS"), "{}", served.err);
    let mut nowhere = laptop.desk.command("--store dynamodb:allclear incident list");
    let nowhere = Said::from(&nowhere.env_remove("AWS_REGION").output().unwrap());
    assert_eq!(nowhere.code, 1);
    assert!(nowhere.err.contains("AWS_REGION is not set"), "{}", nowhere.err);
    let files = std::fs::read_dir(folder.path()).unwrap();
    let files: Vec<_> = files.map(|file| file.unwrap().file_name()).collect();
    assert_eq!(files, ["infra"], "nothing is left on the laptop");
}
