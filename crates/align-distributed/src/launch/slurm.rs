//! SLURM's lists of nodes.

/// The first node of a list such as `node[01-04,07],login1`; `None` if the list is empty or malformed.
pub(super) fn first_node(list: &str) -> Option<String> {
    let mut name = String::new();
    let mut rest = list.trim();
    loop {
        let end = rest.find([',', '[']).unwrap_or(rest.len());
        let (plain, from_here) = rest.split_at(end);
        name += plain;
        let Some(range) = from_here.strip_prefix('[') else { break };
        let (numbers, after) = range.split_once(']')?;
        name += numbers.split([',', '-']).next()?;
        rest = after;
    }
    Some(name).filter(|name| !name.is_empty() && !name.contains(']'))
}

#[cfg(test)]
mod tests {
    use super::first_node;

    #[test]
    fn the_first_node_of_a_list() {
        for (list, first) in [
            ("node7", "node7"),
            ("a,b", "a"),
            ("node[01-04,07],login1", "node01"),
            ("node[3,5]", "node3"),
            ("gpu-[2-3].cluster", "gpu-2.cluster"),
            ("rack[1-2]n[08-09],x", "rack1n08"),
        ] {
            assert_eq!(first_node(list).as_deref(), Some(first), "{list}");
        }
        for malformed in ["", "node[1", "a]", "[]"] {
            assert_eq!(first_node(malformed), None, "{malformed}");
        }
    }
}
