#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <fanin/io/stored_tensor.hpp>
#include <fanin/ops/pair.hpp>
#include <fanin/statistics/power_law.hpp>

namespace fanin::probe {

/// What a list of singular values says.
struct Spectrum {
  std::vector<double> values = {};  ///< largest first
  double norm = 0;                  ///< spectral: the largest
  double stable_rank = 0;           ///< ‖W‖_F² / ‖W‖²; 0 of a zero matrix, as the next
  double effective_rank = 0;        ///< exp of the entropy of the values' shares (Roy & Vetterli 2007)
  double condition = 0;             ///< largest over least; infinite where that is 0
};
/// The same numbers of any singular values, largest first.
Spectrum spectrum_of(std::vector<double> values);

/// How a convolution's weight is used, which its shape does not tell.
struct ConvolutionUse {
  Index groups = 1;        ///< of channels, each convolved by itself
  ops::Pair stride = 1;    ///< of the outputs
  ops::Pair dilation = 1;  ///< of the kernel's taps
};

/// What is computed, and how much at most.
struct SpectrumOptions {
  Index height = 16;  ///< of the image that a convolution's operator reads
  Index width = 16;   ///< likewise
  double most_work =
      3e11;  ///< multiplications, over all weights in their order; what would take more is left out
  /// How the convolution of that weight is used; none: not known, and taken as 1 throughout.
  std::function<std::optional<ConvolutionUse>(const std::string& name)> use = {};
};

/// A stored weight's singular values.
struct WeightSpectrum {
  std::string name = {};                ///< the tensor's
  std::string shape = {};               ///< "[6, 1, 5, 5]"
  Index rows = 0, columns = 0;          ///< of the matrix [out, rest] that it is taken for
  std::optional<Spectrum> matrix = {};  ///< none: `left_out` says why
  std::string left_out = {};            ///< "2 of 8 elements are not finite"
  /// Of the matrix' eigenvalues W Wᵀ, the squares of what is above rounding; none: `no_tail` says why.
  std::optional<statistics::PowerLaw> tail = {};
  std::string no_tail = {};  ///< "6 values are too few …"
  /// Of a tensor of 4 dimensions: the singular values of the convolution [out, in / groups, kernel, kernel]
  /// as a map of images (linalg/convolution); none: `no_operator` says why.
  std::optional<Spectrum> as_operator = {};
  std::string no_operator = {};  ///< empty for what is no convolution
  Index height = 0, width = 0;   ///< of the image: the options', or as large as kernel and stride ask for
  std::optional<ConvolutionUse> use = {};  ///< where it is known
};

/// The spectra of all tensors of 2 dimensions and more, of floating-point elements; `others` counts what is
/// neither.
struct WeightSpectra {
  std::vector<WeightSpectrum> weights = {};  ///< in the file's order
  std::size_t others = 0;                    ///< tensors of fewer dimensions, or of integers
};
/// Computes them one weight after another, in the memory of one. Error when OpenBLAS is not at hand
/// (core/openblas), or the file was cut short.
WeightSpectra weight_spectra(const io::TensorFile& file, const SpectrumOptions& options = {});

}  // namespace fanin::probe
