//! Mail, as a real server takes it: aiosmtpd, which nobody here wrote.

use functions::http::Roots;
use functions::vendors::phone::mail::{Letter, Mail};
use functions::vendors::phone::said::Said;
use shared::effect::{Finding, Outcome};
use shared::plan::ContactKind;
use tests::exchange::Exchange;
use tests::standin::mail::Server;

use crate::carriers::{page, phones, sent};

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
