unsafe extern "C" {
    fn align_torch_vector_math_is_initialised() -> bool;
}

/// Links `vector_math.cpp`, whose work is done before `main`, into every program.
#[used]
static LINKED: unsafe extern "C" fn() -> bool = align_torch_vector_math_is_initialised;

#[cfg(test)]
mod tests {
    use super::align_torch_vector_math_is_initialised;

    #[test]
    fn vector_math_is_initialised_before_main() {
        // SAFETY: the function reads a constant.
        assert!(unsafe { align_torch_vector_math_is_initialised() });
    }
}
