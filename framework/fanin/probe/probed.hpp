#pragma once
#include <string>
#include <vector>

#include <fanin/probe/diagnosis.hpp>
#include <fanin/probe/outlook.hpp>

namespace fanin::probe {

/// A scheme as it was probed on one model.
struct Probed {
  std::string scheme = {};   ///< as typed
  std::string plan = {};     ///< canonical text
  Probe probe = {};          ///< what was seen
  Diagnosis diagnosis = {};  ///< what that says of signal and gradient
  double sharpness = 0;      ///< of the loss, see `sharpness`
  Outlook outlook = {};      ///< whether it will train at the planned rate
};

}  // namespace fanin::probe
