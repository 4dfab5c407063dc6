#include <fanin/core/formula.hpp>
#include <fanin/init/function_of_x.hpp>

namespace fanin::init {

bool is_function_of_x(const std::string& text) { return names_word(text, "x"); }

Nonlinearity nonlinearity_of(const std::string& text) {
  if (!is_function_of_x(text)) return Nonlinearity::named(text);
  const NumberFormula formula = NumberFormula::parse(text, {"x"});
  return {[formula](double x) {
            return formula({&x, 1});
          },
          [formula](double x) {
            return formula.derivative({&x, 1}, 0);
          }};
}

}  // namespace fanin::init
