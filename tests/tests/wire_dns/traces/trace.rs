//! What may happen to names: moves by people or machines, and what goes wrong meanwhile.

use proptest::prelude::*;
use proptest::sample::select;
use shared::effect::Toward;
use shared::plan::Driver;
use tests::standin::arc::Endpoint;

/// Moves of one trace.
const STEPS: std::ops::RangeInclusive<usize> = 2..=7;
/// An address that belongs to neither side.
const ELSEWHERE: &str = "127.0.0.9";

/// What is set up in the zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    /// One simple record a name.
    Simple,
    /// Failover pairs, the primaries behind the latch.
    Latched,
    /// Failover pairs, each side behind its routing control.
    Switched,
}

/// A zone and what happens to it.
#[derive(Clone, Debug)]
pub struct Trace {
    /// What is set up.
    pub setting: Setting,
    /// The drivers, in their order.
    pub drivers: Vec<Driver>,
    /// One move after the other.
    pub steps: Vec<Step>,
}

/// One move.
#[derive(Clone, Debug)]
pub struct Step {
    /// Where to.
    pub toward: Toward,
    /// What goes wrong meanwhile.
    pub faults: Vec<Fault>,
    /// How often the hands are woken before they die.
    pub dies_after: Option<u32>,
    /// How often the lease is found standing.
    pub lease_ends_after: Option<u32>,
}

/// Something that goes wrong during one move.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// So many calls to Route 53 are throttled.
    Throttled(u32),
    /// So many changes meet another one of the zone.
    Busy(u32),
    /// A change takes effect and its reply is lost.
    LostReply,
    /// A change never arrives.
    LostRequest,
    /// So many replies to a listing are lost.
    LostReads(u32),
    /// So many changes are accepted and never reach the name servers.
    Stranded(u32),
    /// Somebody else's value is there right before the next change.
    Human(&'static str),
    /// Somebody else's value is there before the hands look.
    HumanBefore(&'static str),
    /// Changes are PENDING for so many looks.
    Pending(u32),
    /// Changes are PENDING past the cap.
    PendingForEver,
    /// Refused batches come without a code.
    Bare,
    /// Route 53's control plane is out.
    Outage,
    /// So many calls to S3 are put off.
    SlowDown(u32),
    /// The latch is closed, or opened, and the reply is lost.
    LostLatch,
    /// S3 is out.
    LatchOutage,
    /// Somebody else closed the latch before.
    StrayLatch,
    /// An endpoint of the cluster fails.
    Endpoint(usize, Endpoint),
}

/// Traces in one setting.
pub fn traces(setting: Setting) -> impl Strategy<Value = Trace> {
    select(drivers(setting)).prop_flat_map(move |drivers| {
        prop::collection::vec(step(setting, &drivers), STEPS).prop_map(move |steps| Trace {
            setting,
            drivers: drivers.clone(),
            steps,
        })
    })
}

fn drivers(setting: Setting) -> Vec<Vec<Driver>> {
    use Driver::{Latch, Records, RoutingControls};
    match setting {
        Setting::Simple => vec![vec![Records], vec![Latch, Records]],
        Setting::Latched => {
            vec![vec![Latch], vec![Latch, Records], vec![Records, Latch], vec![Records]]
        }
        Setting::Switched => vec![
            vec![RoutingControls],
            vec![RoutingControls, Records],
            vec![Records, RoutingControls],
        ],
    }
}

fn step(setting: Setting, drivers: &[Driver]) -> impl Strategy<Value = Step> + use<> {
    let faults = prop::collection::vec(fault(setting, drivers), 0..=3);
    let dies_after = prop::option::weighted(0.15, 1..40_u32);
    let lease_ends_after = prop::option::weighted(0.15, 0..4_u32);
    (select(vec![Toward::Standby, Toward::Primary]), faults, dies_after, lease_ends_after).prop_map(
        |(toward, faults, dies_after, lease_ends_after)| Step {
            toward,
            faults,
            dies_after,
            lease_ends_after,
        },
    )
}

fn fault(setting: Setting, drivers: &[Driver]) -> BoxedStrategy<Fault> {
    let value = select(vec![ELSEWHERE, super::world::PRIMARY, super::world::STANDBY]);
    let mut all = vec![
        (1..=4_u32).prop_map(Fault::Throttled).boxed(),
        (1..=9_u32).prop_map(Fault::Busy).boxed(),
        Just(Fault::LostReply).boxed(),
        Just(Fault::LostRequest).boxed(),
        (1..=2_u32).prop_map(Fault::LostReads).boxed(),
        (1..=2_u32).prop_map(Fault::Stranded).boxed(),
        value.clone().prop_map(Fault::Human).boxed(),
        (1..=3_u32).prop_map(Fault::Pending).boxed(),
        Just(Fault::PendingForEver).boxed(),
        Just(Fault::Bare).boxed(),
    ];
    if drivers.contains(&Driver::Records) {
        // Who doesn't edit records can't mend what somebody did to them. Both together are what half a move meets.
        all.extend([
            value.clone().prop_map(Fault::HumanBefore).boxed(),
            value.prop_map(Fault::Human).boxed(),
        ]);
    }
    if setting != Setting::Simple {
        all.push(Just(Fault::Outage).boxed());
    }
    if drivers.contains(&Driver::Latch) {
        all.push((1..=2_u32).prop_map(Fault::SlowDown).boxed());
        all.extend(
            [Fault::LostLatch, Fault::LatchOutage, Fault::StrayLatch].map(|it| Just(it).boxed()),
        );
    }
    if setting == Setting::Switched {
        let how = select(vec![Endpoint::Unavailable, Endpoint::Broken, Endpoint::Mute]);
        let endpoint = (0..5_usize, how).prop_map(|(place, how)| Fault::Endpoint(place, how));
        // Five of them can fail: they do so more often than one of anything else.
        all.extend([endpoint.clone().boxed(), endpoint.clone().boxed(), endpoint.boxed()]);
    }
    prop::strategy::Union::new(all).boxed()
}
