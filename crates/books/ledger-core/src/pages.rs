//! An append-only sequence that never moves what it holds.

/// Records in pages of equal size. Growing allocates a page and copies nothing, so an append never takes
/// long, which a `Vec` of gigabytes cannot promise.
pub(crate) struct Pages<T> {
    pages: Vec<Vec<T>>,
    len: u32,
}

const PAGE_BITS: u32 = 13;
pub(crate) const PAGE_LEN: usize = 1 << PAGE_BITS;

fn place(index: u32) -> (usize, usize) {
    ((index >> PAGE_BITS) as usize, index as usize % PAGE_LEN)
}

impl<T> Pages<T> {
    pub(crate) const fn new() -> Self {
        Self { pages: Vec::new(), len: 0 }
    }

    pub(crate) fn len(&self) -> u32 {
        self.len
    }

    #[inline]
    pub(crate) fn push(&mut self, record: T) {
        let (page, slot) = place(self.len);
        if page == self.pages.len() {
            self.pages.push(Vec::with_capacity(PAGE_LEN));
        }
        debug_assert_eq!(self.pages[page].len(), slot);
        self.pages[page].push(record);
        self.len += 1;
    }

    /// Takes back the last record. Its page stays, so that pushing and popping over a boundary allocates
    /// once.
    pub(crate) fn pop(&mut self) -> Option<T> {
        self.len = self.len.checked_sub(1)?;
        self.pages[place(self.len).0].pop()
    }

    #[inline]
    pub(crate) fn get(&self, index: u32) -> &T {
        let (page, slot) = place(index);
        &self.pages[page][slot]
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, index: u32) -> &mut T {
        let (page, slot) = place(index);
        &mut self.pages[page][slot]
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.pages.iter().flatten()
    }

    /// How many records, counted from the first, satisfy `before`; they must come first.
    pub(crate) fn partition_point(&self, before: impl Fn(&T) -> bool) -> u32 {
        partition_point(self.len, |index| before(self.get(index)))
    }
}

/// How many of the first `len` numbers satisfy `before`; they must come first.
pub(crate) fn partition_point(len: u32, before: impl Fn(u32) -> bool) -> u32 {
    let (mut low, mut high) = (0, len);
    while low < high {
        let middle = low + (high - low) / 2;
        if before(middle) { low = middle + 1 } else { high = middle }
    }
    low
}
