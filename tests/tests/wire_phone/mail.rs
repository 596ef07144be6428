//! Mail, as a real server takes it: aiosmtpd, which nobody here wrote.
#![expect(clippy::unwrap_used, reason = "what fails here fails its test")]

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use functions::http::Roots;
use functions::vendors::phone::mail::{Letter, Mail};
use functions::vendors::phone::said::Said;
use shared::effect::{Finding, Outcome};
use shared::plan::ContactKind;
use tempfile::TempDir;
use tests::exchange::Exchange;
use tests::parts;
use tokio::time::sleep;

use crate::carriers::{page, phones, sent};

/// A server that keeps what it takes as files.
struct Server {
    url: String,
    folder: TempDir,
    process: Child,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _gone = self.process.kill().and_then(|()| self.process.wait());
    }
}

impl Server {
    async fn start(options: &[&str]) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(parts::program("aiosmtpd"));
        command.args(["-n", "-l", &format!("127.0.0.1:{port}")]).args(options);
        command.args(["-c", "aiosmtpd.handlers.Mailbox"]).arg(folder.path().join("mail"));
        let process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let server = Self { url: format!("smtp://127.0.0.1:{port}"), folder, process };
        for _ in 0..600 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return server;
            }
            sleep(Duration::from_millis(50)).await;
        }
        panic!("aiosmtpd does not start");
    }

    fn letters(&self) -> Vec<String> {
        let new = self.folder.path().join("mail/new");
        let read = |path: &Path| std::fs::read_to_string(path).unwrap();
        std::fs::read_dir(new).unwrap().map(|file| read(&file.unwrap().path())).collect()
    }
}

#[tokio::test]
async fn a_page_by_mail_says_what_a_text_says_and_every_copy_is_the_same_letter() {
    let exchange = Exchange::start().await;
    let server = Server::start(&[]).await;
    let phones = phones(&exchange, &[("SMTP_URL", &server.url)]);
    for copy in 1..=2 {
        let outcome = sent(&phones, page(ContactKind::Mail, copy)).await;
        let took =
            matches!(&outcome, Outcome::Done(Finding::Sent { provider, .. }) if provider == "smtp");
        assert!(took, "{outcome:?}");
    }
    let letters = server.letters();
    let id = |letter: &String| {
        letter.lines().find(|line| line.starts_with("Message-ID")).unwrap().to_owned()
    };
    assert_eq!((letters.len(), id(&letters[0])), (2, id(&letters[1])));
    for says in ["Subject: P1 incident 42", "To: somebody@example.com", "allclear incident ack 42"]
    {
        assert!(letters[0].contains(says), "{says}:\n{}", letters[0]);
    }
}

#[tokio::test]
async fn a_refused_letter_and_a_dead_relay_are_told_apart() {
    let exchange = Exchange::start().await;
    let server = Server::start(&["-s", "50"]).await;
    let refused =
        sent(&phones(&exchange, &[("SMTP_URL", &server.url)]), page(ContactKind::Mail, 1)).await;
    assert!(matches!(&refused, Outcome::Never { why } if why.contains("552")), "{refused:?}");
    let closed = phones(&exchange, &[("SMTP_URL", "smtp://127.0.0.1:9")]);
    let nobody = sent(&closed, page(ContactKind::Mail, 1)).await;
    assert!(matches!(&nobody, Outcome::Never { why } if why.contains("onnect")), "{nobody:?}");
}

#[tokio::test]
async fn a_relay_of_a_private_authority_is_trusted_once_its_root_is() {
    let certified = rcgen::generate_simple_self_signed(vec!["127.0.0.1".into()]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (cert, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    std::fs::write(&cert, certified.cert.pem()).unwrap();
    std::fs::write(&key, certified.signing_key.serialize_pem()).unwrap();
    let (cert, key) = (cert.to_str().unwrap(), key.to_str().unwrap());
    let server = Server::start(&["--smtpscert", cert, "--smtpskey", key]).await;
    let url = server.url.replacen("smtp://", "smtps://", 1);
    let send = async |roots: &Roots| {
        let mail = Mail::from_environment("us@example.com", roots, |_| Some(url.clone())).unwrap();
        let letter = Letter { to: "them@example.com", subject: "P1", text: "Down.", id: "1" };
        mail.send(&letter).await
    };
    let stranger = send(&Roots::default()).await;
    assert!(!matches!(stranger, Said::Took { .. }), "{stranger:?}");
    let roots = Roots::read(certified.cert.pem().as_bytes()).unwrap();
    let known = send(&roots).await;
    assert!(matches!(known, Said::Took { .. }), "{known:?}");
    assert_eq!(server.letters().len(), 1);
}
