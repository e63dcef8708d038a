//! What every store must do, whatever it is built on: one named test a promise of the port.
//!
//! A crate with a store of its own turns on the feature `contract-tests`, implements [`Stores`] and calls
//! [`contract_tests!`](crate::contract_tests), which makes a `#[tokio::test]` of each function here. The
//! clock is an argument of every call, so nothing here waits for time to pass.

use std::sync::Arc;

use trunkline_flow::ports::{CallArchive, PluginArchive, Store};

/// Arrivals, customers, masking.
pub mod accepting;

/// What plugins complete, and pieces.
pub mod completing;

/// State, effects, timers.
pub mod stepping;

/// Attempts and their outcomes.
pub mod settling;

/// What wakes up when.
pub mod waking;

/// Dead letters, raw calls, traces.
pub mod operating;

/// Files and plugins.
pub mod keeping;

/// Recorded calls of plugins.
pub mod recording;

/// Logs of frames, and upload slots.
pub mod sockets;

/// What the tests are made of.
mod fixtures;

/// Where the suite gets its stores from.
pub trait Stores {
    /// What is tested.
    type Store: Store + PluginArchive + CallArchive;

    /// Opens the store of this test, with card numbers masked and no patterns; empty the first time. The
    /// suite drops one before it opens it anew.
    fn open(&self) -> Arc<Self::Store>;
}

/// Makes a test of each promise. Takes an expression that gives new [`Stores`](crate::contract::Stores) for each test.
#[macro_export]
macro_rules! contract_tests {
    ($stores:expr) => {
        $crate::contract_tests! { @each $stores;
            accepting {
                second_arrival_of_a_key_is_dropped
                second_arrival_within_one_call_is_dropped
                keys_of_two_scopes_are_apart
                a_key_is_forgotten_after_14_days
                events_come_back_in_arrival_order_after_a_restart
                a_customer_is_found_by_any_of_their_addresses
                an_unknown_address_is_added_where_the_event_ranks_it
                the_strongest_address_decides_between_two_customers
                channels_have_customers_of_their_own
                an_accept_that_fails_writes_nothing
                one_failing_caller_leaves_the_others
                card_numbers_are_masked_before_they_are_committed
                all_other_characters_come_back_as_they_were
                the_newer_peer_state_wins
                peer_state_stays_within_4_kib
                what_is_dead_from_the_start_is_kept_once
            }
            completing {
                what_a_plugin_has_to_complete_survives_a_restart
                what_was_completed_stands_where_the_event_stood
                what_is_consumed_cannot_be_completed
                pieces_go_in_as_one_when_all_are_there
                joined_pieces_are_masked
                pieces_go_on_without_the_rest_after_their_time
                a_piece_that_fits_nowhere_goes_in_by_itself
            }
            stepping {
                a_step_takes_its_events_and_counts_up
                a_step_from_an_old_revision_is_stale_and_writes_nothing
                an_event_is_consumed_once
                a_step_survives_a_restart
                timers_are_set_replaced_and_removed
                deliveries_come_back_in_the_order_of_their_lane
                a_lane_comes_back_up_to_the_limit
                cancelling_a_lane_leaves_what_has_left
                cancelling_a_lane_leaves_what_the_same_step_adds
                a_receipt_settles_a_delivery
                what_failed_after_it_was_taken_is_one_dead_letter_that_can_be_replayed
                what_failed_and_is_forgotten_is_a_dead_letter_all_the_same
                what_receipts_told_stays_with_the_delivery
                card_numbers_in_deliveries_are_masked
            }
            settling {
                leaving_is_counted_and_pins_the_version
                what_is_over_can_neither_leave_nor_settle
                a_part_goes_on_with_its_rest_and_version
                a_known_failure_clears_what_left
                an_unknown_outcome_stays_marked
                an_outcome_is_reported_to_the_inbox
                what_gives_up_is_a_dead_letter
                a_parked_ece_event_wakes_when_its_session_is_settled
                the_report_of_a_start_comes_before_what_waited_for_its_session
                a_receipt_before_its_settle_waits
                a_receipt_after_its_settle_names_our_delivery
                a_receipt_by_our_own_id_needs_no_settle
                versions_of_unsettled_deliveries_are_in_use
            }
            waking {
                ready_names_customers_with_something_to_do_in_order
                ready_goes_on_after_a_customer
                a_delivery_behind_another_of_its_lane_is_not_due
                the_next_due_time_is_the_earliest
                nothing_due_is_none
                a_parked_event_is_given_back_after_its_time
                a_parked_event_that_woke_up_leaves_no_dead_letter
                news_is_what_came_in
                whose_an_event_is_can_be_asked_without_storing_it
            }
            operating {
                a_replayed_delivery_goes_to_the_end_of_its_lane
                a_replayed_event_comes_into_the_inbox
                a_dead_letter_is_replayed_once
                dead_letters_are_listed_newest_first
                a_discarded_dead_letter_is_gone_but_for_the_trace
                old_dead_letters_are_discarded_together
                what_was_dealt_with_goes_with_the_trace_and_what_waits_stays
                a_discarded_unreadable_call_is_gone
                raw_calls_wait_in_order_and_go_with_their_events
                a_version_that_trapped_is_remembered
                a_replayed_unreadable_call_waits_for_its_plugin_as_it_came
                an_unreadable_call_is_kept_for_seven_days
                at_most_10_000_raw_calls_wait
                at_most_16_mib_of_raw_calls_wait
                a_trace_tells_what_happened_in_order
                a_trace_forgets_after_seven_days
                a_trace_shows_nobody_elses_words_after_all_was_forgotten
                a_trace_shows_the_original_of_a_placeholder_masked
                a_conversation_is_found_by_what_is_known_of_it
            }
            keeping {
                a_file_comes_back_as_it_was
                the_bytes_decide_the_type_of_a_file
                a_file_that_is_too_large_is_refused
                a_transfer_that_breaks_leaves_nothing
                an_expired_file_is_gone
                a_plugin_comes_back_by_its_hash
                plugins_are_remembered_newest_first
                plugins_that_nothing_needs_are_forgotten
                a_plugin_that_becomes_live_again_stays
            }
            recording {
                a_recorded_call_comes_back_and_goes_after_seven_days
                recorded_calls_are_masked_in_their_form
                recorded_calls_are_listed_newest_first_by_channel
                a_channel_keeps_its_newest_200_calls
                a_channel_keeps_16_mib_of_calls
            }
            sockets {
                frames_are_numbered_from_one_without_a_gap
                frames_numbered_for_another_end_are_stale
                what_is_over_pushes_nothing
                a_log_is_read_after_a_number_up_to_a_size
                a_log_is_found_by_its_customers_address
                acked_frames_go_and_numbers_go_on
                a_log_keeps_1000_frames
                a_log_keeps_2_mib
                frames_are_forgotten_after_14_days
                an_upload_slot_is_open_until_it_expires
                an_upload_that_began_in_time_fills_its_slot
                the_first_file_of_a_slot_stays
                at_most_20_upload_slots_of_an_address_are_open
            }
        }
    };
    (@each $stores:expr; $($group:ident { $($name:ident)* })*) => {
        $($(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                $crate::contract::$group::$name(&$stores).await;
            }
        )*)*
    };
}
