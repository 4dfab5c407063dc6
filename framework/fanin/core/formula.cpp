#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <numbers>

#include <fanin/core/call_characters.hpp>
#include <fanin/core/expression.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/core/formula.hpp>
#include <fanin/core/formula_functions.hpp>

namespace fanin {
namespace {

constexpr std::size_t longest = 4096;
constexpr int deepest = 64;
constexpr std::size_t tallest = 256;  // values at a time

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

double add(double a, double b) { return a + b; }
double subtract(double a, double b) { return a - b; }
double multiply(double a, double b) { return a * b; }
double divide(double a, double b) { return a / b; }
double power(double a, double b) { return std::pow(a, b); }
double negated(double a) { return -a; }
double call(const FormulaFunction& function, double a, double b) { return function.value(a, b); }
double as(double number, const double*) { return number; }

DualNumber add(DualNumber a, DualNumber b) { return {a.value + b.value, a.slope + b.slope}; }
DualNumber subtract(DualNumber a, DualNumber b) { return {a.value - b.value, a.slope - b.slope}; }
DualNumber multiply(DualNumber a, DualNumber b) {
  return {a.value * b.value, DualNumber::chain(b.value, a.slope) + DualNumber::chain(a.value, b.slope)};
}
DualNumber divide(DualNumber a, DualNumber b) {
  const double value = a.value / b.value;
  return {value, DualNumber::chain(1 / b.value, a.slope) - DualNumber::chain(value / b.value, b.slope)};
}
DualNumber power(DualNumber a, DualNumber b) {
  const double value = std::pow(a.value, b.value);
  const double by_base = b.value == 0 ? 0 : b.value * std::pow(a.value, b.value - 1);  // x^0 is 1, at 0 too
  return {value, DualNumber::chain(by_base, a.slope) + DualNumber::chain(value * std::log(a.value), b.slope)};
}
DualNumber negated(DualNumber a) { return {-a.value, -a.slope}; }
DualNumber call(const FormulaFunction& function, DualNumber a, DualNumber b) { return function.dual(a, b); }
DualNumber as(double number, const DualNumber*) { return {number, 0}; }

}  // namespace

/// Reads a formula by recursive descent, and writes its program.
class FormulaReader {
 public:
  FormulaReader(std::string_view text, const std::vector<std::string>& variables,
                const NumberFormula::Definitions& definitions, const NumberFormula::Lookup& lookup)
      : text_(text), variables_(variables), definitions_(definitions), lookup_(lookup) {}

  NumberFormula read() {
    if (text_.size() > longest)
      fail_usage("a formula of {} characters is too long; at most {} are read", text_.size(), longest);
    sum();
    if (at_ < text_.size()) refuse("an operator or the end");
    return std::move(formula_);
  }

 private:
  using Step = NumberFormula::Step;

  [[noreturn]] void refuse(const std::string& expected) const {
    fail_usage("a formula: expected {} {}", expected, at_character(text_, at_));
  }
  void skip_space() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  }
  bool take(std::string_view word) {
    skip_space();
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    skip_space();
    return true;
  }
  void put(Step step, double number = 0, std::size_t index = 0) { put({step, number, index}); }
  void put(const NumberFormula::Action& action) {
    if (formula_.program_.size() == longest)
      fail_usage("a formula of more than {} steps is too long", longest);
    formula_.program_.push_back(action);
    if (action.step == Step::number || action.step == Step::variable) {
      if (++height_ > tallest) fail_usage("a formula of more than {} values at a time", tallest);
    } else if (action.step != Step::negate &&
               !(action.step == Step::function && formula_functions()[action.index].arguments == 1)) {
      --height_;
    }
  }

  void sum() {
    if (++depth_ > deepest) fail_usage("a formula nested more than {} deep", deepest);
    product();
    while (true) {
      if (take("+")) {
        product();
        put(Step::add);
      } else if (take("-")) {
        product();
        put(Step::subtract);
      } else {
        break;
      }
    }
    --depth_;
  }

  void product() {
    signed_power();
    while (true) {
      if (take("*")) {
        signed_power();
        put(Step::multiply);
      } else if (take("/")) {
        signed_power();
        put(Step::divide);
      } else {
        return;
      }
    }
  }

  void signed_power() {
    const bool minus = take("-");
    raised();
    if (minus) put(Step::negate);
  }

  void raised() {
    if (++depth_ > deepest) fail_usage("a formula nested more than {} deep", deepest);
    atom();
    if (take("^")) {
      signed_power();
      put(Step::power);
    }
    --depth_;
  }

  void atom() {
    skip_space();
    if (take("(")) {
      sum();
      if (!take(")")) refuse("')'");
    } else if (take("√")) {
      atom();
      put(Step::function, 0, 0);
    } else if (at_ < text_.size() && (is_digit(text_[at_]) || text_[at_] == '.')) {
      double value = 0;
      const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
      if (error != std::errc() || !std::isfinite(value)) refuse("a finite number");
      at_ = static_cast<std::size_t>(end - text_.data());
      skip_space();
      put(Step::number, value);
    } else {
      named();
    }
  }

  void named() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && (is_letter(text_[at_]) || (at_ > begin && is_digit(text_[at_])))) ++at_;
    const std::string_view name = text_.substr(begin, at_ - begin);
    if (name.empty()) refuse("a number, a name or '('");
    skip_space();
    if (at_ < text_.size() && text_[at_] == '(') return called(name, begin);
    if (name == "pi") return put(Step::number, std::numbers::pi);
    for (const auto& [defined, formula] : definitions_)
      if (name == defined) {
        for (const auto& action : formula.program_) put(action);
        return;
      }
    const auto variable = std::find(variables_.begin(), variables_.end(), name);
    if (variable == variables_.end() && name.starts_with("sqrt") && name.size() > 4) {
      at_ = begin + 4;  // √5 as a locale without UTF-8 shows it
      atom();
      return put(Step::function, 0, 0);
    }
    if (variable == variables_.end()) {
      at_ = begin;
      std::vector<std::string> known = variables_;
      for (const auto& definition : definitions_) known.push_back(definition.first);
      known.emplace_back("pi");
      refuse(fmt::format("one of {}, not {}", fmt::join(known, ", "), in_quotes(name)));
    }
    put(Step::variable, 0, static_cast<std::size_t>(variable - variables_.begin()));
  }

  void called(std::string_view name, std::size_t begin) {
    const auto functions = formula_functions();
    const auto function = std::find_if(functions.begin(), functions.end(),
                                       [&](const FormulaFunction& one) { return one.name == name; });
    if (function == functions.end()) return looked_up(name, begin);
    take("(");
    for (int i = 0; i < function->arguments; ++i) {
      if (i > 0 && !take(",")) refuse(fmt::format("',' ({} has {} arguments)", name, function->arguments));
      sum();
    }
    if (!take(")")) refuse("')'");
    put(Step::function, 0, static_cast<std::size_t>(function - functions.begin()));
  }

  void looked_up(std::string_view name, std::size_t begin) {
    int open = 0;
    std::size_t end = at_;
    do {
      if (end == text_.size()) refuse("a closing ')'");
      if (text_[end] == '(') ++open;
      if (text_[end] == ')') --open;
      ++end;
    } while (open > 0);
    const auto number = lookup_ ? lookup_(name, text_.substr(begin, end - begin)) : std::nullopt;
    if (!number) {
      at_ = begin;
      std::vector<std::string_view> known;
      for (const FormulaFunction& one : formula_functions()) known.push_back(one.name);
      refuse(fmt::format("one of the functions {}, not {}", fmt::join(known, ", "), in_quotes(name)));
    }
    at_ = end;
    skip_space();
    put(Step::number, *number);
  }

  std::string_view text_;
  const std::vector<std::string>& variables_;
  const NumberFormula::Definitions& definitions_;
  const NumberFormula::Lookup& lookup_;
  NumberFormula formula_;
  std::size_t at_ = 0, height_ = 0;
  int depth_ = 0;
};

NumberFormula NumberFormula::parse(std::string_view text, const std::vector<std::string>& variables,
                                   const Definitions& definitions, const Lookup& lookup) {
  return FormulaReader(text, variables, definitions, lookup).read();
}

template <class T>
T NumberFormula::evaluate(std::span<const T> values) const {
  const auto functions = formula_functions();
  std::array<T, tallest> stack;
  std::size_t top = 0;
  for (const Action& action : program_) {
    if (action.step == Step::number) {
      stack[top++] = as(action.number, static_cast<const T*>(nullptr));
    } else if (action.step == Step::variable) {
      stack[top++] = values[action.index];
    } else if (action.step == Step::negate) {
      stack[top - 1] = negated(stack[top - 1]);
    } else if (action.step == Step::function && functions[action.index].arguments == 1) {
      stack[top - 1] = call(functions[action.index], stack[top - 1], T());
    } else {
      const T b = stack[--top];
      T& a = stack[top - 1];
      a = action.step == Step::add        ? add(a, b)
          : action.step == Step::subtract ? subtract(a, b)
          : action.step == Step::multiply ? multiply(a, b)
          : action.step == Step::divide   ? divide(a, b)
          : action.step == Step::power    ? power(a, b)
                                          : call(functions[action.index], a, b);
    }
  }
  return stack[0];
}

double NumberFormula::operator()(std::span<const double> values) const { return evaluate(values); }

double NumberFormula::derivative(std::span<const double> values, std::size_t variable) const {
  std::vector<DualNumber> duals;
  for (std::size_t i = 0; i < values.size(); ++i) duals.push_back({values[i], i == variable ? 1.0 : 0.0});
  return evaluate(std::span<const DualNumber>(duals)).slope;
}

bool NumberFormula::uses(std::size_t variable) const {
  return std::any_of(program_.begin(), program_.end(), [&](const Action& action) {
    return action.step == Step::variable && action.index == variable;
  });
}

bool is_formula_word(std::string_view name) {
  const auto functions = formula_functions();
  return name == "pi" || std::any_of(functions.begin(), functions.end(),
                                     [&](const FormulaFunction& one) { return one.name == name; });
}

bool names_word(std::string_view text, std::string_view name) {
  for (std::size_t at = text.find(name); at != std::string_view::npos; at = text.find(name, at + 1)) {
    const auto part = [&](std::size_t i) {
      return i < text.size() && (is_letter(text[i]) || is_digit(text[i]));
    };
    if (!(at > 0 && part(at - 1)) && !part(at + name.size())) return true;
  }
  return false;
}

}  // namespace fanin
