//! Asking for memory before it is needed.

/// Asks the processor for the cache line in which `place` begins, without waiting for it.
#[cfg(target_arch = "x86_64")]
#[inline]
pub(crate) fn prefetch<T: Copy>(place: &T) {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};

    #[expect(unsafe_code, reason = "a hint to the cache: nothing is read or written that a program can see")]
    unsafe {
        _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(place).cast());
    }
}

/// Reads `place`, so that its cache line is there the next time. Reads that follow each other wait together.
#[cfg(not(target_arch = "x86_64"))]
#[inline]
pub(crate) fn prefetch<T: Copy>(place: &T) {
    std::hint::black_box(*place);
}
