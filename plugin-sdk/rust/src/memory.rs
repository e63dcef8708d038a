//! The allocator of plugins: the standard library's own, which takes its first memory from a reserve in the component.
//!
//! A call runs in a fresh instance, so a call that asks for its first memory asks the host to grow the instance, and the host
//! takes the growth back before the next: both stop every thread of the process for a moment. Few calls need more than
//! [`RESERVE`]. What is never touched costs nothing: it is zeros that exist in no file.
#![allow(
    unsafe_code,
    reason = "memory is given to an allocator; a plugin has one thread"
)]

use std::alloc::{GlobalAlloc, Layout};
use std::arch::wasm32::memory_grow;
use std::cell::UnsafeCell;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, Ordering};

use dlmalloc::{Allocator, Dlmalloc};

/// A webhook with a signature takes some 40 KiB, the answer to a send 100 KiB.
const RESERVE: usize = 256 << 10;

const PAGE: usize = 64 << 10;

/// Aligned as the allocator wants what it is given.
#[repr(align(16))]
struct Reserve(UnsafeCell<[u8; RESERVE]>);

// SAFETY: a component has one thread.
unsafe impl Sync for Reserve {}

static FIRST: Reserve = Reserve(UnsafeCell::new([0; RESERVE]));

/// Where the allocator gets memory: the reserve once, then what the host grants.
struct Source {
    is_reserve_taken: AtomicBool,
}

// SAFETY: each region is given once: the reserve by its flag, pages by `memory_grow`, and both are zeros.
unsafe impl Allocator for Source {
    fn alloc(&self, size: usize) -> (*mut u8, usize, u32) {
        if size <= RESERVE && !self.is_reserve_taken.swap(true, Ordering::Relaxed) {
            return (FIRST.0.get().cast(), RESERVE, 0);
        }
        let pages = size.div_ceil(PAGE);
        match memory_grow::<0>(pages) {
            usize::MAX => (null_mut(), 0, 0),
            before => ((before * PAGE) as *mut u8, pages * PAGE, 0),
        }
    }

    fn remap(&self, _: *mut u8, _: usize, _: usize, _: bool) -> *mut u8 {
        null_mut()
    }

    fn free_part(&self, _: *mut u8, _: usize, _: usize) -> bool {
        false
    }

    fn free(&self, _: *mut u8, _: usize) -> bool {
        false
    }

    fn can_release_part(&self, _: u32) -> bool {
        false
    }

    fn allocates_zeros(&self) -> bool {
        true
    }

    fn page_size(&self) -> usize {
        PAGE
    }
}

struct Memory(UnsafeCell<Dlmalloc<Source>>);

// SAFETY: a component has one thread.
unsafe impl Sync for Memory {}

// SAFETY: `Dlmalloc` has the contract of `GlobalAlloc`, and no two calls of it overlap: it calls nothing but `Source`.
unsafe impl GlobalAlloc for Memory {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        unsafe { (*self.0.get()).malloc(layout.size(), layout.align()) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        unsafe { (*self.0.get()).calloc(layout.size(), layout.align()) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        unsafe { (*self.0.get()).free(at, layout.size(), layout.align()) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        unsafe { (*self.0.get()).realloc(at, layout.size(), layout.align(), size) }
    }
}

#[global_allocator]
static MEMORY: Memory = Memory(UnsafeCell::new(Dlmalloc::new_with_allocator(Source {
    is_reserve_taken: AtomicBool::new(false),
})));
