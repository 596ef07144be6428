//! A scratch server: PostgreSQL in a folder of its own, reachable through a socket in that folder and nowhere else. For
//! drills and tests; nothing in it outlives its power cut.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::{Connection, Failure, Session, Tools};

/// How often is asked whether it has started, and how many times.
const ASK_EVERY: Duration = Duration::from_millis(50);
const ASK_TIMES: u32 = 600;
/// Its only user that logs in: the one it is made with.
const OWNER: &str = "postgres";

/// A running scratch server. It is stopped when dropped; its folder is the caller's.
#[derive(Debug)]
pub struct Cluster {
    folder: PathBuf,
    process: Child,
}

/// Starts what follows, and ends it at once when its own input ends: with us, however we end. `QUIT` is PostgreSQL's
/// immediate stop; killed, it would leave shared memory behind.
const GUARD: &str = "exec 3<&0; \"$@\" 3<&- & server=$!; \
    (cat <&3 >/dev/null; kill -QUIT $server 2>/dev/null) & exec 3<&-; wait $server";

/// PostgreSQL refuses to run as root. A user namespace calls root by another name and leaves all files as they are.
fn humble(program: &Path, as_root: bool) -> Command {
    if !as_root {
        return Command::new(program);
    }
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-user=1000", "--map-group=1000", "--"]).arg(program);
    command
}

impl Cluster {
    /// Makes and starts one in an empty folder of an absolute path; a short one, for a socket's path has at most 107
    /// bytes. Power cuts may destroy it: it doesn't wait for disks.
    pub fn start(tools: &Tools, folder: &Path) -> Result<Self, Failure> {
        let as_root = is_root();
        let failed = |what: &str, why: &dyn std::fmt::Display| {
            let hint =
                if as_root { " (root needs `unshare` and user namespaces for it)" } else { "" };
            Failure::Setup(format!("failed to {what} a scratch PostgreSQL{hint}: {why}"))
        };
        let (data, log) = (folder.join("data"), folder.join("log"));
        let mut maker = humble(&tools.path("initdb"), as_root);
        maker
            .args(["-U", OWNER, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "-D"])
            .arg(&data);
        let made = maker.stdin(Stdio::null()).output().map_err(|why| failed("make", &why))?;
        if !made.status.success() {
            return Err(failed("make", &String::from_utf8_lossy(&made.stderr).trim()));
        }
        let log_file = std::fs::File::create(&log).map_err(|why| failed("start", &why))?;
        let server = humble(&tools.path("postgres"), as_root);
        let mut run = Command::new("sh");
        run.args(["-c", GUARD, "sh"]).arg(server.get_program()).args(server.get_args());
        run.arg("-D").arg(&data).arg("-k").arg(folder);
        for setting in
            ["listen_addresses=", "fsync=off", "full_page_writes=off", "synchronous_commit=off"]
        {
            run.args(["-c", setting]);
        }
        run.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(log_file);
        let process = run.spawn().map_err(|why| failed("start", &why))?;
        let mut cluster = Self { folder: folder.to_owned(), process };
        for _ in 0..ASK_TIMES {
            if Session::open(&cluster.connection(OWNER)?, tools).is_ok() {
                return Ok(cluster);
            }
            if matches!(cluster.process.try_wait(), Ok(Some(_)) | Err(_)) {
                break;
            }
            std::thread::sleep(ASK_EVERY);
        }
        let words = std::fs::read_to_string(&log).unwrap_or_default();
        Err(failed("start", &words.trim()))
    }

    /// Where one of its databases is.
    pub fn url(&self, database: &str) -> String {
        format!("postgres:///{database}?host={}&user={OWNER}", self.folder.display())
    }

    /// The way to one of its databases.
    pub fn connection(&self, database: &str) -> Result<Connection, Failure> {
        Connection::parse(&self.url(database))
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ended = self.process.wait();
    }
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    // The owner of our own process's folder is the effective user.
    std::fs::metadata("/proc/self").is_ok_and(|it| it.uid() == 0)
}
