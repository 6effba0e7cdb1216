//! `mog run --snapshot-on-exit` and `mog resume`: a program goes on in another process.

use std::fs;
use std::path::Path;

use mog_tests::place::{Place, text};
use mog_tests::process::{Exit, Finished};

type Test = Result<(), Box<dyn std::error::Error>>;

#[test]
fn every_example_goes_on_in_another_process() -> Test {
    let place = Place::new()?;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let mut saved = 0;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "mog") {
            continue;
        }
        let path = path.display();
        let grants = "--seed 5 --grant log,kv,random,trace,env";
        let whole = place.mog(&format!("run {path} {grants} --stats --steps 1000000"))?;
        if whole.exit == Exit::Code(124) {
            continue;
        }
        let steps_of = |finished: &Finished| finished.stderr.lines().last().map(str::to_owned);
        let slices = format!("{grants} --steps 50 --snapshot-on-exit saved --stats");
        let mut finished = place.mog(&format!("run {path} {slices}"))?;
        let mut output = text(&finished);
        while finished.exit == Exit::Code(124) {
            saved += 1;
            finished = place.mog(&format!("resume saved {slices}"))?;
            output.push_str(&text(&finished));
        }
        assert_eq!(finished.exit, whole.exit, "{path}: {finished:?}");
        assert_eq!(output, text(&whole), "{path}");
        assert_eq!(steps_of(&finished), steps_of(&whole), "{path}");
    }
    assert!(saved > 5, "{saved}");
    Ok(())
}

#[test]
fn what_has_ended_can_be_called_and_damage_is_refused() -> Test {
    let place = Place::new()?;
    place.write("p.mog", "n := 0\nfn main() { n = 20 }\npub fn add(m: int) -> int { n += m\n n }\n")?;
    place.exits("run p.mog --snapshot-on-exit s", 0)?;
    let ended = place.exits("resume s", 64)?;
    assert!(ended.stderr.contains("--entry"), "{}", ended.stderr);
    place.exits("resume s --entry add --arg 3 --snapshot-on-exit s", 23)?;
    place.exits("resume s --entry add --arg 4", 27)?;
    place.exits("resume missing", 66)?;
    let bytes = fs::read(place.path().join("s"))?;
    for at in [0, 3, 4, 6, 30, bytes.len() / 2, bytes.len() - 1] {
        let mut damaged = bytes.clone();
        if let Some(byte) = damaged.get_mut(at) {
            *byte ^= 0x41;
        }
        place.write("damaged", &damaged)?;
        place.exits("resume damaged", 65)?;
        place.write("cut", bytes.get(..at).unwrap_or_default())?;
        place.exits("resume cut", 65)?;
    }
    // More memory than is allowed now.
    place.exits("resume s --memory 1M", 65)?;
    Ok(())
}
