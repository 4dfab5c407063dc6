#include <fanin/init/constant.hpp>
#include <fanin/init/families.hpp>

namespace fanin::init {

Initializer constant(double value) { return Initializer("constant", ConstantOptions{.value = value}); }
Initializer zeros() { return Initializer("zeros"); }
Initializer ones() { return Initializer("ones"); }

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
       .fill = [](Tensor& w, const Site&, Generator&) { w.fill(0); },
       .deviation = 0.0},
      {.name = "ones",
       .aliases = {"one"},
       .summary = "every element 1",
       .formula = "w = 1",
       .paper = "-",
       .use = "scales of normalization layers",
       .fails = symmetric,
       .draw = Draw::nothing,
       .fill = [](Tensor& w, const Site&, Generator&) { w.fill(1); },
       .deviation = 0.0},
      {.name = "constant",
       .options = {{"value", &ConstantOptions::value, "every element's"}},
       .summary = "every element the same value",
       .formula = "w = value",
       .paper = "-",
       .use = "biases (a small positive one keeps ReLU units alive at first), scales, forget gates",
       .fails = symmetric,
       .draw = Draw::nothing,
       .fill = [](Tensor& w, const Site&, Generator&,
                  const ConstantOptions& options) { w.fill(static_cast<real>(options.value)); },
       .deviation = 0.0},
  };
}

}  // namespace fanin::init
