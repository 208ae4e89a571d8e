//! What is known of an item after several attempts.

use crate::model::codes;
use crate::model::outcome::{ItemOutcome, State};

/// The outcome of an item after one more attempt.
///
/// An earlier attempt without a valid response may have been applied: a
/// refusal that speaks of that moment only (too fast, service down) or a later
/// failure to send does not make it less unknown. A query has nothing to apply:
/// it `changes_nothing`, and the later answer holds.
pub(crate) fn merge_attempts(
    earlier: ItemOutcome,
    later: ItemOutcome,
    changes_nothing: bool,
) -> ItemOutcome {
    let keep = match (earlier.state(), later.state()) {
        (_, State::NotSent) => earlier.state() != State::NotSent,
        (State::Unknown, State::Rejected) => !changes_nothing && !speaks_of_the_item(&later),
        _ => false,
    };
    if keep { earlier } else { later }
}

/// Whether a refusal holds for an earlier attempt as well: the item or the request
/// is at fault, not the moment, the key or a gateway.
fn speaks_of_the_item(refusal: &ItemOutcome) -> bool {
    // That nothing is there (any more) may be the earlier attempt's own doing.
    const OF_THE_MOMENT: [i64; 3] = [codes::DOES_NOT_EXIST, codes::PART_FAILED, codes::ALL_FAILED];
    let row = refusal.code.and_then(codes::lookup);
    row.is_some_and(|row| {
        matches!(row.fault, codes::Fault::Item | codes::Fault::Request)
            && !OF_THE_MOMENT.contains(&row.code)
    })
}
