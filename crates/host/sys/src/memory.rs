//! Gives memory back that a long-lived process needed only at its start.

use std::ffi::c_void;

unsafe extern "C" {
    /// Where the program's read-only part begins, and where its code ends: made by the linker (ld(1), end(3)).
    static __executable_start: u8;
    static etext: u8;
}

/// Lets go of free heap pages and of the program's own code pages; what of these is needed comes back from the page
/// cache, page by page. For a process that is going to do little for long, and of which there are many.
pub fn shrink() {
    // SAFETY: malloc_trim may be called at any time; it only releases pages that hold no allocation.
    unsafe { libc::malloc_trim(0) };
    let (start, end) = code();
    // SAFETY: between these two symbols lie only headers, constants and code: private mappings of the program's file
    // that nobody ever writes (there are no text relocations, and RELRO data lies behind the code). For such pages
    // MADV_DONTNEED means that the next access reads the same bytes from the file again (madvise(2)).
    unsafe { libc::madvise(start as *mut c_void, end - start, libc::MADV_DONTNEED) };
}

/// The pages that hold nothing but headers, constants and code.
fn code() -> (usize, usize) {
    let page = rustix::param::page_size();
    let (start, end) = (&raw const __executable_start as usize, &raw const etext as usize);
    (start.next_multiple_of(page), (end / page * page).max(start.next_multiple_of(page)))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_program_goes_on_as_before() {
        let (start, end) = super::code();
        assert!(start < end && (start..end).contains(&(super::shrink as fn() as usize)));
        let before: Vec<String> = (0..100).map(|n| n.to_string()).collect();
        super::shrink();
        assert_eq!(before[99], "99");
    }
}
