#include <fanin/init/constant.hpp>
#include <fanin/init/families.hpp>

namespace fanin::init {
namespace {

double no_deviation(const Shape&, const Fans&, const Initializer&) { return 0; }

}  // namespace

Initializer constant(double value) { return Initializer("constant", {value}); }
Initializer zeros() { return Initializer("zeros", {}); }
Initializer ones() { return Initializer("ones", {}); }

std::vector<SchemeInfo> constant_family() {
  const std::string symmetric =
      "as a weight: all units of a layer compute and learn the same thing, so the layer is one unit wide";
  return {
      {.name = "zeros",
       .aliases = {"zero"},
       .summary = "every element 0",
       .formula = "w = 0",
       .paper = "-",
       .use = "biases; the last layer of a residual branch; the last layer of a classifier",
       .fails = symmetric + "; two such layers in a row get no gradient at all",
       .draw = Draw::nothing,
       .fill = [](Tensor& w, const Fans&, Generator&, const Initializer&) { w.fill(0); },
       .deviation = no_deviation},
      {.name = "ones",
       .aliases = {"one"},
       .summary = "every element 1",
       .formula = "w = 1",
       .paper = "-",
       .use = "scales of normalization layers",
       .fails = symmetric,
       .draw = Draw::nothing,
       .fill = [](Tensor& w, const Fans&, Generator&, const Initializer&) { w.fill(1); },
       .deviation = no_deviation},
      {.name = "constant",
       .options = {{.name = "value", .standard = 0.01, .meaning = "every element's"}},
       .summary = "every element the same value",
       .formula = "w = value",
       .paper = "-",
       .use = "biases (a small positive one keeps ReLU units alive at first), scales, forget gates",
       .fails = symmetric,
       .draw = Draw::nothing,
       .fill = [](Tensor& w, const Fans&, Generator&,
                  const Initializer& options) { w.fill(static_cast<real>(options.number("value"))); },
       .deviation = no_deviation},
  };
}

}  // namespace fanin::init
