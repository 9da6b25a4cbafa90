//! Runs a program that ends when our standard input does.
//!
//! Every child of xtask runs under this one, on the other end of a pipe that only xtask holds. However xtask ends,
//! killed outright included, the pipe closes and the child's whole process group goes. Nothing else is touched.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, ExitCode, Stdio};
use std::thread;
use std::time::Duration;

const GRACE: Duration = Duration::from_secs(5);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Runs `program` (its name, then its arguments) and answers with its exit code.
pub(crate) fn run(program: &[OsString]) -> ExitCode {
    let [name, arguments @ ..] = program else { return ExitCode::FAILURE };
    let mut child = match Command::new(name).args(arguments).stdin(Stdio::null()).process_group(0).spawn() {
        Ok(child) => child,
        Err(error) => {
            eprintln!("cannot start {}: {error}", name.display());
            return ExitCode::from(127);
        }
    };
    let group = child.id();
    thread::spawn(move || {
        // An error on the pipe is its end as well.
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        end(group);
    });
    // Told to end itself, it ends the child first: nobody else knows the group.
    if let Err(error) = ctrlc::set_handler(move || end(group)) {
        eprintln!("signals are not caught: {error}");
    }
    let status = child.wait();
    // What the program left behind in its group goes with it.
    signal("KILL", group);
    match status {
        Ok(status) => ExitCode::from(u8::try_from(status.code().or(status.signal().map(|number| 128 + number)).unwrap_or(1)).unwrap_or(1)),
        Err(_) => ExitCode::FAILURE,
    }
}

fn end(group: u32) {
    signal("TERM", group);
    for _ in 0..GRACE.as_millis() / LOOK_EVERY.as_millis() {
        thread::sleep(LOOK_EVERY);
        if !signal("0", group) {
            return;
        }
    }
    signal("KILL", group);
}

/// Sends the signal to the group and says whether there was one. `kill` is every POSIX shell's own.
fn signal(name: &str, group: u32) -> bool {
    Command::new("sh")
        .args(["-c", &format!("kill -s {name} -- -{group}")])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::signal;
    use std::os::unix::process::CommandExt;
    use std::process::{Command, Stdio};

    #[test]
    fn a_signal_reaches_a_program_and_what_it_started() {
        let mut program = Command::new("sh").args(["-c", "sleep 600 & wait"]).stdin(Stdio::null()).process_group(0).spawn().unwrap();
        let group = program.id();
        assert!(signal("0", group));
        assert!(signal("KILL", group));
        assert!(!program.wait().unwrap().success());
        assert!(!signal("TERM", u32::try_from(i32::MAX).unwrap()), "there is no such group");
    }
}
