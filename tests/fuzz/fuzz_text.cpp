// Whatever is typed as a transform: a value whose own text reads back as the same value, or a usage Error. A
// data set's text goes through the same reader (CallExpression), which is fuzzed with it.
#include <cstdlib>
#include <string>

#include <fanin/core/error.hpp>
#include <fanin/core/expression.hpp>
#include <fanin/core/sweep.hpp>
#include <fanin/data/transform.hpp>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(bytes), size);
  try {
    const fanin::data::Transform transform = fanin::data::Transform::parse(text);
    if (!(fanin::data::Transform::parse(transform.to_string()) == transform)) std::abort();
  } catch (const fanin::Error& error) {
    if (error.blame() != fanin::Blame::usage) std::abort();
  }
  try {
    const fanin::CallExpression call = fanin::CallExpression::parse(text);
    if (!(fanin::CallExpression::parse(call.to_string()) == call)) std::abort();
    for (const fanin::CallArgument& arg : call.args) {  // each value by itself too
      const auto again = fanin::CallExpression::parse("f(x=" + fanin::value_text(arg.text) + ", " +
                                                      fanin::value_text(arg.text) + ")");
      if (again.args.size() != 2 || again.args[0].text != arg.text || again.args[1].text != arg.text)
        std::abort();
    }
  } catch (const fanin::Error& error) {
    if (error.blame() != fanin::Blame::usage) std::abort();
  }
  try {
    for (const fanin::SweepChoice& one : fanin::expand_sweeps(text))
      if (one.chosen.empty() != (one.text == text)) std::abort();
  } catch (const fanin::Error& error) {
    if (error.blame() != fanin::Blame::usage) std::abort();
  }
  std::size_t behind = 0;
  for (const auto& [first, last] : fanin::split_calls(text, ";\n")) {
    if (first < behind || first >= last || last > size) std::abort();
    behind = last;
  }
  return 0;
}
