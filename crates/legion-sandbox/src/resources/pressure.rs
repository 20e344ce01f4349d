//! How the machine is.

use std::fs;

use super::admission::Machine;

/// Reads how the machine is: `/proc/meminfo`, and how much programs wait for memory where the kernel says so.
pub fn machine() -> Machine {
    let text = |name| fs::read_to_string(name).unwrap_or_default();
    parse(&text("/proc/meminfo"), &text("/proc/pressure/memory"))
}

fn parse(meminfo: &str, pressure: &str) -> Machine {
    let bytes = |name: &str| {
        let line = meminfo.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        let kilobytes = line.and_then(|line| line.split_ascii_whitespace().next()?.parse::<u64>().ok());
        kilobytes.unwrap_or(0) * 1024
    };
    let some = pressure.lines().find_map(|line| line.strip_prefix("some avg10="));
    let percent = some.and_then(|line| line.split(' ').next()?.parse::<f32>().ok());
    Machine { memory_bytes: bytes("MemTotal"), available_bytes: bytes("MemAvailable"), pressure_percent: percent }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_own_words_are_understood() {
        let found = parse(
            "MemTotal:       24684032 kB\nMemFree:  1 kB\nMemAvailable:   20971520 kB\n",
            "some avg10=12.50 avg60=0.00 avg300=0.00 total=0\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n",
        );
        assert_eq!(found.available_bytes, 20 << 30);
        assert_eq!(found.pressure_percent, Some(12.5));
        assert_eq!(parse("", "").pressure_percent, None);
        assert!(machine().memory_bytes > machine().available_bytes);
    }
}
