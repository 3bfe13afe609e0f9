//! The processes that the tests start.

use crate::scenarios;
use crate::support::SCENARIO;
use align_distributed::{GroupOptions, Launch, ProcessGroup};
use std::time::Duration;

/// Does what the environment says; nothing when it runs as a test.
#[test]
fn run() {
    let Ok(scenario) = std::env::var(SCENARIO) else { return };
    let (name, seconds) = scenario.split_once(':').unwrap_or((&scenario, "60"));
    let timeout = Duration::from_secs_f64(seconds.parse().unwrap());
    let options = GroupOptions { timeout, start_timeout: Duration::from_secs(60) };
    let launch = Launch::from_environment().unwrap();
    let group = match ProcessGroup::connect(&launch, options) {
        Ok(group) => group,
        Err(e) => panic!("{e}"),
    };
    println!();
    match name {
        "collectives" => scenarios::collectives(&group),
        "mismatch" => scenarios::mismatch(&group),
        "steps" => scenarios::steps(&group),
        "late" => scenarios::late(&group, timeout),
        "leaves" => scenarios::leaves(group),
        "exit" => scenarios::exit(&group),
        "restart" => scenarios::restart(&group),
        "rank" => println!("result: rank {} of {}", group.rank(), group.world_size()),
        other => panic!("unknown scenario {other}"),
    }
    println!("done");
}
