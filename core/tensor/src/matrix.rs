//! Matrix products over slices.

use gemm::Parallelism;

use super::real::Real;

/// A matrix view of a slice.
#[derive(Clone, Copy)]
pub(super) struct Matrix<'a, T> {
    elements: &'a [T],
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl<'a, T: Real> Matrix<'a, T> {
    /// A contiguous row-major matrix.
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

    /// The transposed view.
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

    /// A row of a matrix with contiguous rows.
    #[inline(always)]
    pub(super) fn row(&self, row: usize) -> &'a [T] {
        &self.elements[row * self.row_stride..][..self.columns]
    }

    /// Number of elements from the first to the last, including gaps.
    fn extent(&self) -> usize {
        if self.rows == 0 || self.columns == 0 {
            return 0;
        }
        (self.rows - 1) * self.row_stride + (self.columns - 1) * self.column_stride + 1
    }
}

/// How a product is written to its output.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// The output is overwritten.
    Overwrite,
    /// The product is added to the output.
    Accumulate,
}

/// Computes `factor * left * right` into the row-major `out`, whose rows are `out_stride` apart.
///
/// The bits of the result do not depend on `parallel`: each element is summed by one thread in a fixed order.
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
    // The product below relies on these; all callers have checked their shapes.
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
