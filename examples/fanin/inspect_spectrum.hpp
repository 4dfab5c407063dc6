#pragma once
#include <string>
#include <vector>

#include <fanin/probe/weight_spectrum.hpp>

#include "examples/fanin/model_file.hpp"

namespace fanin::program {

/// What `inspect --spectrum` is asked for.
struct SpectrumFlags {
  std::vector<std::string> files;  ///< one, or two: before and after
  std::string key;                 ///< the nested dict of a PyTorch file
  std::string image = "16";        ///< side, or HEIGHTxWIDTH, of the image that convolutions are maps of
  double most_work = probe::SpectrumOptions{}.most_work;  ///< multiplications
  std::string figure;                                     ///< file to write; empty: none
  bool json = false;                                      ///< instead of the table
  Redraw redraw;  ///< of the values that a model of one file started with
};

/// Prints the singular values of every weight, or what they say: of one file, beside those of the start where
/// it can be drawn again; of two, both. Usage Error for more files, or an image that is none.
void inspect_spectrum(const SpectrumFlags& flags);

}  // namespace fanin::program
