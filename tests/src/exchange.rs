//! A telephone exchange: both carriers, everybody's phone, and a plan that calls them.
#![expect(clippy::unwrap_used, reason = "what fails here fails its test")]

use std::collections::BTreeMap;

use shared::plan::built_in_text;

use crate::standin::phones::Phones;
use crate::standin::twilio::{self, Twilio};
use crate::standin::vonage::{self, Vonage};

/// First on call in the built-in plan.
pub const FIRST: &str = "+12025550103";
/// Second on call.
pub const SECOND: &str = "+12025550102";
/// The incident commander.
pub const COMMANDER: &str = "+12025550101";
/// In no plan.
pub const STRANGER: &str = "+12025550177";
/// Our address, as carriers know it.
pub const PUBLIC: &str = "https://pages.example.com";
/// Our address in another Region.
pub const ELSEWHERE: &str = "https://pages.example.net";
/// Nothing listens there.
const NOWHERE: &str = "http://127.0.0.1:9";
/// Where key 0 leads.
pub const CONFERENCE: &str = "+12025550199";

/// The people of the built-in plan, in its order, with their numbers.
pub const PEOPLE: [(&str, &str); 5] = [
    ("lead-developer", COMMANDER),
    ("senior-developer", SECOND),
    ("devops-engineer", FIRST),
    ("project-manager", "+12025550104"),
    ("stakeholder-rep", "+12025550105"),
];

/// The exchange; dropped, it fails the test if anybody was called whom nobody expected.
pub struct Exchange {
    /// The first carrier.
    pub twilio: Twilio,
    /// The second.
    pub vonage: Vonage,
    /// Everybody's phone.
    pub phones: Phones,
}

impl Exchange {
    /// Starts both carriers. Everybody takes messages; nobody's phone is expected to ring.
    ///
    /// # Panics
    /// If there is no free port.
    pub async fn start() -> Self {
        let phones = Phones::default();
        for (_, number) in PEOPLE {
            phones.takes_texts(number);
        }
        let twilio = Twilio::start(&phones).await.unwrap();
        let vonage = Vonage::start(&phones).await.unwrap();
        Self { twilio, vonage, phones }
    }

    /// The built-in plan with fictional people, called through both carriers.
    pub fn plan_text() -> String {
        let mut text = built_in_text()
            .replacen("[URL]", PUBLIC, 1)
            .replacen("[URL]", ELSEWHERE, 1)
            .replace("[Name]", "Somebody Fictional")
            .replace("[Email]", "somebody@example.com")
            .replace("[Contact Information]", "support@aws.example")
            .replace("sms = [\"twilio\", \"vonage\", \"sns\"]", "sms = [\"twilio\", \"vonage\"]")
            .replace("# Where key 0 leads: conference", "conference");
        let vonage = format!("+{}", vonage::FROM);
        let numbers = PEOPLE.iter().map(|(_, number)| *number);
        for number in numbers.chain([twilio::FROM, &vonage]) {
            text = text.replacen("[Phone]", number, 1);
        }
        let nowhere = |line: &&str| !line.starts_with("status_url");
        text.lines().filter(nowhere).collect::<Vec<_>>().join("\n")
    }

    /// Whatever is sent to our public address comes to this server; to the other Region's, nowhere.
    pub fn leads_to(&self, server: &str) {
        let proxy = vec![(PUBLIC.into(), server.into()), (ELSEWHERE.into(), NOWHERE.into())];
        self.twilio.state().proxy.clone_from(&proxy);
        self.vonage.state().proxy = proxy;
    }

    /// The settings with which we reach both carriers.
    pub fn settings(&self) -> BTreeMap<&'static str, String> {
        [
            ("TWILIO_ACCOUNT_SID", twilio::ACCOUNT.into()),
            ("TWILIO_AUTH_TOKEN", twilio::TOKEN.into()),
            ("TWILIO_API_URL", self.twilio.api_url()),
            ("VONAGE_APPLICATION_ID", vonage::APPLICATION.into()),
            ("VONAGE_PRIVATE_KEY", vonage::PRIVATE_KEY.into()),
            ("VONAGE_SIGNATURE_SECRET", vonage::SECRET.into()),
            ("VONAGE_API_URL", self.vonage.api_url()),
        ]
        .into()
    }
}
