#pragma once
#include <string>

#include <fanin/data/dataset.hpp>
#include <fanin/models.hpp>

/// What the flags of a command allow a saved model, and which flag to give where it needs more.
namespace fanin::program {

/// The model text in the file's metadata, checked to describe a model no larger than its tensors; usage Error
/// where there is none.
std::string described_text(const io::TensorFile& file);

/// What the user allows when initial values are drawn again.
struct Redraw {
  std::string fit_data{};           ///< the data set that schemes are fitted to; empty: none
  bool open_paths_in_plan = false;  ///< the plan may name weight files, which are then opened
};
/// models::initial_values as far as that goes.
io::TensorFile initial_values(const io::TensorFile& file, const Redraw& allowed = {});

/// The data set to load: `given` by the user, else the one that the file names, where that is the bare name
/// of a built-in set. Usage Error saying which flag to give otherwise.
std::string followed_data(const models::SavedModel& saved, const std::string& path, const std::string& given);

}  // namespace fanin::program
