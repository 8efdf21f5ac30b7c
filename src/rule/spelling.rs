//! How near names are to each other.

use strsim::damerau_levenshtein;

/// The valid name that is nearest to `name` in any letter case, if one is near: a third of its letters differ at most, or
/// one where that is less than one; not all of them.
pub fn nearest<'n>(name: &str, valid: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let name = name.to_ascii_lowercase();
    let distances = valid.map(|valid| (damerau_levenshtein(&valid.to_ascii_lowercase(), &name), valid));
    let near = distances.filter(|(distance, valid)| {
        let letters = valid.chars().count();
        *distance <= (letters / 3).max(1) && *distance < letters
    });
    near.min_by_key(|(distance, _)| *distance).map(|(_, valid)| valid)
}

/// The end of a message that `name` is not valid: names the valid name that is near, if there is one.
pub fn or_nearest<'n>(name: &str, valid: impl Iterator<Item = &'n str>) -> String {
    nearest(name, valid).map_or_else(String::new, |nearest| format!("; the nearest is {nearest}"))
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_name_is_near_if_a_third_of_its_letters_differ_at_most_or_one() {
        for (name, expected) in [
            ("checkDelivry", Some("checkDelivery")),
            ("CHECKDELIVERY", Some("checkDelivery")),
            // Four of thirteen letters, and five.
            ("Delivery", None),
            ("heckDlivry", Some("checkDelivery")),
            ("hckDlvery", Some("checkDelivery")),
            ("hckDlvry", None),
            ("amn", Some("man")),
            ("scan", None),
            ("", None),
        ] {
            assert_eq!(nearest(name, ["checkDelivery", "man"].into_iter()), expected, "{name}");
        }
    }

    #[test]
    fn a_name_of_which_nothing_is_the_same_is_not_near() {
        for name in ["", "x", "2"] {
            assert_eq!(nearest(name, ["0", "1", "64"].into_iter()), None, "{name}");
        }
    }

    #[test]
    fn of_several_that_are_near_it_is_the_nearest() {
        assert_eq!(nearest("eu-wset-1", ["us-west-1", "eu-west-1"].into_iter()), Some("eu-west-1"));
    }
}
