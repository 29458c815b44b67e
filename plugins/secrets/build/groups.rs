//! The search looks up both halves of three bytes in a row, for sixteen places at once, in tables that have a bit for
//! each group of texts. A group lets pass what has the lower half of the first byte of any of its texts and the upper
//! half of any, and so on for the second and third; so texts that begin alike belong together.

use crate::text::Text;

/// How many groups there are at most: as many as four vectors of bytes have bits.
const GROUPS: usize = 32;

/// How often each byte of ASCII occurs among 10,000 of source code, counted in 8 MB each of Rust, of Python, of scripts
/// and settings, and of C with prose.
#[rustfmt::skip]
const FREQUENCIES: [u16; 128] = [
    0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 290, 0, 0, 1, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    2303, 11, 94, 37, 3, 5, 11, 149, 118, 117, 22, 10, 180, 70, 114, 97,
    69, 34, 28, 17, 13, 12, 13, 8, 11, 10, 100, 25, 10, 55, 21, 8,
    3, 27, 11, 24, 16, 32, 16, 8, 7, 26, 1, 6, 21, 14, 24, 20,
    21, 1, 24, 33, 35, 13, 6, 8, 3, 4, 2, 40, 27, 40, 2, 151,
    40, 363, 85, 196, 189, 650, 152, 99, 120, 355, 7, 48, 255, 150, 338, 323,
    165, 11, 384, 364, 486, 175, 47, 52, 61, 71, 11, 19, 16, 19, 5, 0,
];

/// Texts that are told from all else by one bit.
pub(crate) struct Group {
    /// Their places among all texts, in order.
    pub texts: Vec<u16>,
    /// The bytes that one of them may have as its first, second and third.
    places: [Bytes; 3],
}

/// A set of bytes: all whose lower and upper half are in these sets.
#[derive(Clone, Copy, PartialEq)]
struct Bytes {
    low: u16,
    high: u16,
}

/// Sorts texts into groups: joins again and again the two that let pass the least more together.
pub(crate) fn of(texts: &[Text]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for (index, text) in texts.iter().enumerate() {
        let places = [0, 1, 2].map(|place| Bytes::of(|byte| text.may_have(place, byte)));
        let index = u16::try_from(index).expect("there are few texts");
        match groups.iter_mut().find(|group| group.places == places) {
            Some(group) => group.texts.push(index),
            None => groups.push(Group { texts: vec![index], places }),
        }
    }
    let more = |one: &Group, other: &Group| {
        passed(&joined(&one.places, &other.places)) - passed(&one.places) - passed(&other.places)
    };
    // What each pair would let pass, by the later of the two: a join changes but one row and one column.
    let row = |groups: &[Group], later: usize| {
        groups[..later].iter().map(|earlier| more(earlier, &groups[later])).collect::<Vec<f64>>()
    };
    let mut rows: Vec<Vec<f64>> = (0..groups.len()).map(|later| row(&groups, later)).collect();
    while groups.len() > GROUPS {
        let least =
            |row: &Vec<f64>| row.iter().copied().enumerate().min_by(|one, other| one.1.total_cmp(&other.1));
        let of_rows = rows.iter().enumerate().filter_map(|(later, row)| Some((later, least(row)?)));
        let Some((later, (earlier, _))) = of_rows.min_by(|one, other| one.1.1.total_cmp(&other.1.1)) else {
            break;
        };
        let Group { texts, places } = groups.remove(later);
        rows.remove(later);
        for row in &mut rows[later..] {
            row.remove(later);
        }
        let group = &mut groups[earlier];
        group.places = joined(&group.places, &places);
        group.texts.extend(texts);
        group.texts.sort_unstable();
        rows[earlier] = row(&groups, earlier);
        for later in earlier + 1..groups.len() {
            rows[later][earlier] = more(&groups[earlier], &groups[later]);
        }
    }
    groups
}

fn joined(one: &[Bytes; 3], other: &[Bytes; 3]) -> [Bytes; 3] {
    [0, 1, 2].map(|place| one[place].or(other[place]))
}

/// The share of places in source code that pass, as if no byte depended on the one before.
fn passed(places: &[Bytes; 3]) -> f64 {
    places.iter().map(|bytes| bytes.frequency()).product()
}

impl Group {
    /// Whether one of the texts may have a byte with this lower half in this place.
    pub(crate) fn has_low(&self, place: usize, half: u8) -> bool {
        self.places[place].low >> half & 1 == 1
    }

    /// Whether one of the texts may have a byte with this upper half in this place.
    pub(crate) fn has_high(&self, place: usize, half: u8) -> bool {
        self.places[place].high >> half & 1 == 1
    }
}

impl Bytes {
    fn of(has: impl Fn(u8) -> bool) -> Self {
        let mut bytes = Bytes { low: 0, high: 0 };
        for byte in (0..=u8::MAX).filter(|byte| has(*byte)) {
            bytes.low |= 1 << (byte & 15);
            bytes.high |= 1 << (byte >> 4);
        }
        bytes
    }

    fn or(self, other: Self) -> Self {
        Bytes { low: self.low | other.low, high: self.high | other.high }
    }

    /// The share of bytes in source code that are of the set.
    fn frequency(self) -> f64 {
        let halves = |set: u16| (0..16u8).filter(move |half| set >> half & 1 == 1);
        let bytes = halves(self.high).flat_map(|high| halves(self.low).map(move |low| high << 4 | low));
        // None is so rare that it costs nothing.
        let of = |byte| 0.1 + f64::from(FREQUENCIES.get(usize::from(byte)).copied().unwrap_or_default());
        bytes.map(of).sum::<f64>() / 10_000.0
    }
}
