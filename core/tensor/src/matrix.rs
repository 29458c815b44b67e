//! Matrix products over slices.

use gemm::Parallelism;

use super::real::Real;

/// A matrix seen in a slice.
#[derive(Clone, Copy)]
pub(super) struct Matrix<'a, T> {
    elements: &'a [T],
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl<'a, T: Real> Matrix<'a, T> {
    /// A row-major matrix without gaps.
    pub(super) fn new(elements: &'a [T], rows: usize, columns: usize) -> Self {
        Self::strided(elements, rows, columns, columns, 1)
    }

    /// A matrix with any strides.
    pub(super) fn strided(
        elements: &'a [T],
        rows: usize,
        columns: usize,
        row_stride: usize,
        column_stride: usize,
    ) -> Self {
        Matrix { elements, rows, columns, row_stride, column_stride }
    }

    /// The same elements with rows and columns exchanged.
    pub(super) fn transposed(self) -> Self {
        Matrix {
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
            ..self
        }
    }

    /// Rows `from..to`.
    pub(super) fn row_range(self, from: usize, to: usize) -> Self {
        Matrix { elements: &self.elements[from * self.row_stride..], rows: to - from, ..self }
    }

    /// One row of a matrix whose rows have no gaps.
    #[inline(always)]
    pub(super) fn row(&self, row: usize) -> &'a [T] {
        &self.elements[row * self.row_stride..][..self.columns]
    }

    /// Elements from the first to the last one, gaps included.
    fn extent(&self) -> usize {
        if self.rows == 0 || self.columns == 0 {
            return 0;
        }
        (self.rows - 1) * self.row_stride + (self.columns - 1) * self.column_stride + 1
    }
}

/// What happens to the elements that a product is written over.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// They are replaced.
    Overwrite,
    /// The product is added to them.
    Accumulate,
}

/// Computes `factor * left * right` into the row-major `out`, whose rows are `out_stride` apart.
///
/// The bits of the result do not depend on `parallel`: each element is summed by one thread in one order.
pub(super) fn multiply<T: Real>(
    out: &mut [T],
    out_stride: usize,
    left: Matrix<'_, T>,
    right: Matrix<'_, T>,
    factor: T,
    target: Target,
    parallel: bool,
) {
    let (rows, columns, depth) = (left.rows, right.columns, left.columns);
    if rows == 0 || columns == 0 {
        return;
    }
    // The product below trusts these; they hold for every caller, whose shapes were checked.
    assert_eq!(depth, right.rows, "inner dimensions of a matrix product");
    assert!(left.extent() <= left.elements.len() && right.extent() <= right.elements.len());
    assert!(columns <= out_stride && (rows - 1) * out_stride + columns <= out.len());
    let parallelism = if parallel { Parallelism::Rayon(0) } else { Parallelism::None };
    // SAFETY: the extents of all three matrices were checked against their slices, and `out` is borrowed exclusively.
    unsafe {
        gemm::gemm(
            rows,
            columns,
            depth,
            out.as_mut_ptr(),
            1,
            out_stride as isize,
            target == Target::Accumulate,
            left.elements.as_ptr(),
            left.column_stride as isize,
            left.row_stride as isize,
            right.elements.as_ptr(),
            right.column_stride as isize,
            right.row_stride as isize,
            T::one(),
            factor,
            false,
            false,
            false,
            parallelism,
        );
    }
}
