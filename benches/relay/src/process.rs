//! What a relay takes, as Linux tells it: processor time and memory of a process and its children.

use crate::Outcome;
use std::fs;
use std::path::Path;

/// Ticks in a second, as `/proc` counts: 100 on every Linux that there is.
const TICKS: f64 = 100.0;

/// A process and those it has started.
pub(crate) fn family(root: u32) -> Vec<u32> {
    let Ok(all) = fs::read_dir("/proc") else { return Vec::new() };
    let mut parents: Vec<(u32, u32)> = all
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(|pid| Some((pid, stat(pid)?.get(1)?.parse().ok()?)))
        .collect();
    parents.sort_unstable();
    let mut family = vec![root];
    for (pid, parent) in parents {
        if family.contains(&parent) {
            family.push(pid);
        }
    }
    family
}

/// Processor time that they have taken, in milliseconds.
pub(crate) fn cpu_millis(family: &[u32]) -> f64 {
    let ticks = |pid: &u32| -> Option<f64> {
        let fields = stat(*pid)?;
        Some(fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?)
    };
    family.iter().filter_map(ticks).sum::<f64>() * 1000.0 / TICKS
}

/// Memory that is theirs, in KiB: what is shared counts in parts (`Pss`).
pub(crate) fn memory_kib(family: &[u32]) -> f64 {
    let pss = |pid: &u32| -> Option<f64> {
        let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
        text.lines().find_map(|line| line.strip_prefix("Pss:"))?.trim().strip_suffix(" kB")?.parse().ok()
    };
    family.iter().filter_map(pss).sum()
}

/// Processor time that the whole machine has been busy, in milliseconds.
pub(crate) fn machine_millis() -> f64 {
    let text = fs::read_to_string("/proc/stat").unwrap_or_default();
    let fields: Vec<f64> =
        text.lines().next().unwrap_or_default().split_whitespace().skip(1).filter_map(|field| field.parse().ok()).collect();
    // user, nice, system, idle, iowait, irq, softirq
    [0, 1, 2, 5, 6].iter().filter_map(|index| fields.get(*index)).sum::<f64>() * 1000.0 / TICKS
}

/// Whether this machine can tell.
pub(crate) fn can_tell() -> Outcome {
    if Path::new("/proc/self/smaps_rollup").exists() {
        return Ok(());
    }
    Err("this needs Linux: processor time and memory are read from /proc.".to_owned())
}

/// The fields of `/proc/pid/stat` after the program's name, which may hold blanks.
fn stat(pid: u32) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    Some(text.rsplit_once(')')?.1.split_whitespace().map(str::to_owned).collect())
}
