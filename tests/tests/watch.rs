//! `mog watch`: a program that runs again when it changes, with what it remembers.

use std::error::Error;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use mog_tests::place::Place;

type Test = Result<(), Box<dyn Error>>;

const LIMIT: Duration = Duration::from_secs(20);

/// A watching process and what it says, line by line. Dropped, it ends.
struct Watched {
    child: Child,
    lines: Receiver<String>,
}

impl Drop for Watched {
    fn drop(&mut self) {
        // If it has ended already there is nothing to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Watched {
    fn start(place: &Place, args: &[&str]) -> Result<Self, Box<dyn Error>> {
        let mut child = Command::new(place.command())
            .arg("watch")
            .args(args)
            .current_dir(place.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let (sender, lines) = channel();
        let streams: [Option<Box<dyn Read + Send>>; 2] = [
            child.stdout.take().map(|stream| Box::new(stream) as Box<dyn Read + Send>),
            child.stderr.take().map(|stream| Box::new(stream) as Box<dyn Read + Send>),
        ];
        for stream in streams.into_iter().flatten() {
            let sender = sender.clone();
            thread::spawn(move || {
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    if sender.send(line).is_err() {
                        return;
                    }
                }
            });
        }
        Ok(Self { child, lines })
    }

    /// Waits for a line that contains this.
    fn says(&self, text: &str) -> Test {
        self.says_all(&[text])
    }

    /// Waits for lines that contain these, in any order: they may come from two streams.
    fn says_all(&self, texts: &[&str]) -> Test {
        let (mut left, mut heard) = (texts.to_vec(), Vec::new());
        while !left.is_empty() {
            match self.lines.recv_timeout(LIMIT) {
                Ok(line) => {
                    left.retain(|text| !line.contains(text));
                    heard.push(line);
                }
                Err(_) => return Err(format!("it did not say {left:?}, but {heard:?}").into()),
            }
        }
        Ok(())
    }
}

/// Counts for ever; what it has counted is its state.
const COUNTER: &str = r#"
n := 0
pub fn save_state() -> int { n }
pub fn load_state(saved: int) { n = saved }
fn main() {
    while true {
        n += 1
        if n % 10 == 0 { println(f"version {version()} at {if n >= 1000 { "least" } else { "first" }}") }
        time.sleep(1)
    }
}
"#;

#[test]
fn a_running_program_is_replaced_and_keeps_its_state() -> Test {
    let place = Place::new()?;
    place.write("counter.mog", format!("{COUNTER}fn version() -> int {{ 1 }}\n"))?;
    let watched = Watched::start(&place, &["counter.mog", "--grant", "time"])?;
    watched.says("version 1 at first")?;
    // The state makes the number of the next version's first line large.
    let larger = COUNTER.replace("n = saved", "n = saved + 1000");
    place.write("counter.mog", format!("{larger}fn version() -> int {{ 2 }}\n"))?;
    watched.says("with the state of the old one")?;
    watched.says("version 2 at least")?;
    // A mistake is shown, and the version before goes on.
    place.write("counter.mog", format!("{larger}fn version() -> int {{ nothing }}\n"))?;
    watched.says("nothing")?;
    watched.says("version 2 at least")?;
    place.write("counter.mog", format!("{larger}fn version() -> int {{ 3 }}\n"))?;
    watched.says("version 3 at least")
}

#[test]
fn a_program_that_ended_runs_again_and_imports_count() -> Test {
    let place = Place::new()?;
    place.write("words.mog", "pub fn word() -> string { \"one\" }\n")?;
    place.write("p.mog", "import words\nfn main() -> int { println(words.word())\n 3 }\n")?;
    let watched = Watched::start(&place, &["p.mog"])?;
    watched.says_all(&["one", "exit code 3"])?;
    place.write("words.mog", "pub fn word() -> string { \"two\" }\n")?;
    watched.says_all(&["a new version", "two"])
}

/// Reading the file is no change of it.
#[test]
fn what_does_not_change_is_not_compiled_again() -> Test {
    let place = Place::with("fn main() { nothing }\n")?;
    let watched = Watched::start(&place, &["p.mog"])?;
    watched.says("error")?;
    while let Ok(line) = watched.lines.recv_timeout(Duration::from_secs(1)) {
        assert!(!line.starts_with("error"), "it was compiled again: {line}");
    }
    Ok(())
}

#[test]
fn nothing_to_watch_is_an_error() -> Test {
    let place = Place::new()?;
    let finished = place.exits("watch missing/p.mog", 66)?;
    assert!(finished.stderr.contains("missing"), "{}", finished.stderr);
    Ok(())
}
