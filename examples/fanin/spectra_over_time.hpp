#pragma once
#include <map>
#include <string>
#include <vector>

#include <fanin/probe/weight_spectrum.hpp>

#include "examples/fanin/inspect_spectrum.hpp"

namespace fanin::program {

/// The weights' singular values at one time: as they are in a file, or as they were drawn.
struct SpectraAt {
  std::string label;                               ///< "start", "now", "before" or "after"
  std::string path;                                ///< of the file
  probe::WeightSpectra spectra;                    ///< of its weights
  std::map<std::string, std::size_t> places = {};  ///< of the weights, by name

  /// All at once.
  SpectraAt(std::string called, std::string from, probe::WeightSpectra all);
  /// Null where there is none of that name.
  const probe::WeightSpectrum* find(const std::string& name) const;
};

/// One or two times of the same weights.
struct SpectraOverTime {
  std::vector<SpectraAt> all;  ///< the earlier first
  std::string no_start;        ///< why there is no start, where one would expect it

  /// Every name, in the order of the last time, and then those that only the first has.
  std::vector<std::string> names() const;
};

/// Of two files, before and after; of one, beside the start where that can be drawn again. Error (usage) for an image
/// that is none, and for a file that cannot be read.
SpectraOverTime spectra_over_time(const SpectrumFlags& flags);

}  // namespace fanin::program
