//! Where the real program is typed at: a desk in front of everything it changes.
#![expect(clippy::unwrap_used, reason = "what fails here fails its test")]

use std::pin::pin;
use std::process::Command;
use std::time::Duration;

use crate::command::{Desk, Said};
use crate::standin::stage::{PRIMARY, Stage, WWW, ZONE};
use crate::standin::vercel::{TEAM, TOKEN, Vercel};
use serde_json::Value;
use tempfile::TempDir;

/// A desk with a stage's plan and credentials, and a hosting provider.
pub struct Place {
    /// DNS, S3, routing controls and two sites.
    pub stage: Stage,
    /// The hosting provider, where there is one.
    pub vercel: Option<Vercel>,
    /// Where people type.
    pub desk: Desk,
    _folder: TempDir,
}

impl Place {
    /// With the driver that edits records.
    ///
    /// # Panics
    /// If a part can't be started.
    pub async fn new() -> Self {
        Self::with("[\"records\"]").await
    }

    /// With these drivers, as the plan writes them.
    ///
    /// # Panics
    /// If a part can't be started.
    pub async fn with(drivers: &str) -> Self {
        let stage = Stage::start().await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let desk = Desk::in_folder(folder.path());
        let plan = stage.plan_text(drivers);
        let plan = plan.replace(&format!("https://{ZONE}:"), &format!("https://{PRIMARY}:"));
        std::fs::write(desk.path("infra/plan.toml"), plan).unwrap();
        std::fs::write(desk.path("roots.pem"), stage.authority.pem()).unwrap();
        Self { stage, vercel: None, desk, _folder: folder }
    }

    /// Writes the plan anew.
    ///
    /// # Panics
    /// If the plan can't be read or written.
    pub fn edits_plan(&self, edit: impl FnOnce(String) -> String) {
        let path = self.desk.path("infra/plan.toml");
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(path, edit(text)).unwrap();
    }

    /// A command with every credential, in somebody's name.
    ///
    /// # Panics
    /// If a setting is missing.
    pub fn command(&self, person: &str, line: &str) -> Command {
        let mut command = self.desk.command(&format!("--as {person} {line}"));
        for name in Stage::SETTINGS {
            command.env(name, self.stage.setting(name).unwrap());
        }
        if let Some(vercel) = &self.vercel {
            command.env("VERCEL_TOKEN", TOKEN).env("VERCEL_TEAM_ID", TEAM);
            command.env("VERCEL_API_URL", vercel.api_url());
        }
        command.env("ALLCLEAR_EXTRA_ROOTS", self.desk.path("roots.pem"));
        command
    }

    /// Typed in a thread of its own: the stand-ins answer in this one.
    ///
    /// # Panics
    /// If a part or the program doesn't do its work.
    pub async fn types(&self, person: &str, line: &str) -> Said {
        let mut command = self.command(person, line);
        let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap();
        Said::from(&output.unwrap())
    }

    /// Types what must be done; its answer.
    ///
    /// # Panics
    /// If it isn't done.
    pub async fn does(&self, person: &str, line: &str) -> String {
        let said = self.types(person, line).await;
        assert_eq!(said.code, 0, "{line}\n{}{}", said.out, said.err);
        said.out
    }

    /// Types what must be refused; the reason.
    ///
    /// # Panics
    /// If it isn't refused.
    pub async fn refused(&self, person: &str, line: &str) -> String {
        let said = self.types(person, line).await;
        assert_eq!((said.code, said.out.as_str()), (1, ""), "{line}\n{}", said.err);
        said.err
    }

    /// Plans, and answers with the first digits of the plan's hash.
    ///
    /// # Panics
    /// If a part or the program doesn't do its work.
    pub async fn plans(&self, verb: &str) -> String {
        let because = if verb.contains('"') { "" } else { "\"site down\"" };
        let json = self.does("lead-developer", &format!("--json {verb} {because}")).await;
        let plan: Value = serde_json::from_str(&json).unwrap();
        plan["plan"].as_str().unwrap()[..12].to_owned()
    }

    /// Makes what the latch and the routing controls need, as a user makes it.
    ///
    /// # Panics
    /// If a part or the program doesn't do its work.
    pub async fn sets_up(&self) {
        let json = self.does("lead-developer", "--json dns setup").await;
        let setup: Value = serde_json::from_str(&json).unwrap();
        let hash = setup["hash"].as_str().unwrap();
        self.does("lead-developer", &format!("dns setup --apply {hash}")).await;
    }

    /// The hosting provider.
    ///
    /// # Panics
    /// Where there is none.
    pub fn vercel(&self) -> &Vercel {
        self.vercel.as_ref().unwrap()
    }

    /// Does it while the site runs whatever the provider's production is.
    pub async fn does_live(&self, line: &str) -> String {
        let mut work = pin!(self.does("lead-developer", line));
        loop {
            tokio::select! {
                says = &mut work => return says,
                () = tokio::time::sleep(Duration::from_millis(50)) => self.follows_production(),
            }
        }
    }

    /// The site runs what the provider's production is by now.
    pub fn follows_production(&self) {
        if let Some(vercel) = &self.vercel {
            let build = vercel.state().production.clone();
            self.stage.primary.says(Some(&format!("{{\"build\": \"{build}\"}}")));
        }
    }

    /// Both names lead there, for whoever asks the name server.
    ///
    /// # Panics
    /// If a part or the program doesn't do its work.
    pub async fn leads_to(&self, address: &str) {
        for name in [ZONE, WWW] {
            self.stage.knot.wait_for(name, "A", &[address]).await.unwrap();
        }
    }

    /// Batches that Route 53 took.
    pub fn changes(&self) -> usize {
        let calls = self.stage.route53.calls();
        let writes = calls.iter().filter(|call| call.operation == "ChangeResourceRecordSets");
        writes.filter(|call| call.outcome == "OK").count()
    }
}
