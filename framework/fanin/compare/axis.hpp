#pragma once
#include <string>
#include <vector>

namespace fanin::compare {

/// A number where an axis shows it.
struct Tick {
  double value;      ///< on the axis
  std::string text;  ///< as it is written there
};

/// One side of a figure: what it measures, from where to where, and where it is marked.
struct Axis {
  std::string title = {};        ///< with the unit; empty: the figure's title says it
  bool logarithmic = false;      ///< then `low` > 0
  double low = 0;                ///< at its start
  double high = 1;               ///< at its end, above `low`
  std::vector<Tick> ticks = {};  ///< between them, in order
  bool names = false;            ///< the ticks are names of places that have no number
  /// Where a value stands, 0 at `low` and 1 at `high`; outside for one beyond them, NaN for one that has no
  /// place (zero on a logarithmic axis).
  double place(double value) const;
};

/// An axis from `low` to `high`, which are widened a little where they are equal, with up to about `most`
/// ticks at round numbers; `scale` times the value is what is written (100 for a share in percent), with a
/// sign where `sign`.
Axis linear_axis(const std::string& title, double low, double high, double scale = 1, bool sign = false,
                 int most = 7);

/// An axis with ticks at the powers of ten, and at 2 and 5 times them where there are few; `low` > 0.
Axis log_axis(const std::string& title, double low, double high);

/// An axis of `names`, one a unit: 0, 1, 2, …
Axis name_axis(const std::string& title, const std::vector<std::string>& names);

/// 0.0001 … 9999 as they are, smaller and larger powers of ten as such: "10⁻⁶".
std::string power_text(double value);

}  // namespace fanin::compare
