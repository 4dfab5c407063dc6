#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <numbers>
#include <span>

#include <fanin/core/error.hpp>
#include <fanin/core/expression.hpp>
#include <fanin/init/formula.hpp>
#include <fanin/kernels/pointwise/activation_facts.hpp>

namespace fanin::init {
namespace {

using Point = Formula::Point;
using Arguments = std::span<const Point>;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t longest = 1000;
constexpr int deepest = 50;
constexpr std::size_t most_on_stack = 256;  // each level of nesting holds at most 4

struct Function {
  const char* name;
  int least, most;  // arguments
  Point (*of)(Arguments a);
};

/// A function of one argument from its value and slope there.
Point chain(const Point& a, double value, double slope) {
  return {value,
          a.slope == 0 ? 0 : slope * a.slope};  // flat where its argument is, whatever the slope's size
}

/// The first that none is better than; one that is not a number before all.
Point best_of(Arguments a, bool (*better)(double, double)) {
  Point best = a[0];
  for (const Point& one : a)
    if (std::isnan(one.value) || better(one.value, best.value)) best = one;
  return best;
}

Point power(Arguments a) {
  const double base = a[0].value, exponent = a[1].value, value = std::pow(base, exponent);
  double slope = 0;
  if (a[0].slope != 0 && exponent != 0) slope += exponent * std::pow(base, exponent - 1) * a[0].slope;
  if (a[1].slope != 0) slope += base == 0 && exponent > 0 ? 0 : value * std::log(base) * a[1].slope;
  return {value, slope};
}

const std::vector<Function>& functions() {
  static const std::vector<Function> all = {
      {"+", 2, 2,
       [](Arguments a) {
         return Point{a[0].value + a[1].value, a[0].slope + a[1].slope};
       }},
      {"-", 2, 2,
       [](Arguments a) {
         return Point{a[0].value - a[1].value, a[0].slope - a[1].slope};
       }},
      {"*", 2, 2,
       [](Arguments a) {
         return Point{a[0].value * a[1].value, a[0].slope * a[1].value + a[0].value * a[1].slope};
       }},
      {"/", 2, 2,
       [](Arguments a) {
         const double value = a[0].value / a[1].value;
         return Point{value, (a[0].slope - value * a[1].slope) / a[1].value};
       }},
      {"^", 2, 2, power},
      {"abs", 1, 1, [](Arguments a) { return chain(a[0], std::abs(a[0].value), a[0].value < 0 ? -1 : 1); }},
      {"sign", 1, 1,
       [](Arguments a) {
         return Point{static_cast<double>((a[0].value > 0) - (a[0].value < 0)), 0};
       }},
      {"step", 1, 1,
       [](Arguments a) {
         return Point{a[0].value > 0 ? 1.0 : 0, 0};
       }},
      {"sqrt", 1, 1,
       [](Arguments a) { return chain(a[0], std::sqrt(a[0].value), 0.5 / std::sqrt(a[0].value)); }},
      {"exp", 1, 1, [](Arguments a) { return chain(a[0], std::exp(a[0].value), std::exp(a[0].value)); }},
      {"expm1", 1, 1, [](Arguments a) { return chain(a[0], std::expm1(a[0].value), std::exp(a[0].value)); }},
      {"log", 1, 1, [](Arguments a) { return chain(a[0], std::log(a[0].value), 1 / a[0].value); }},
      {"log1p", 1, 1, [](Arguments a) { return chain(a[0], std::log1p(a[0].value), 1 / (1 + a[0].value)); }},
      {"sin", 1, 1, [](Arguments a) { return chain(a[0], std::sin(a[0].value), std::cos(a[0].value)); }},
      {"cos", 1, 1, [](Arguments a) { return chain(a[0], std::cos(a[0].value), -std::sin(a[0].value)); }},
      {"sinh", 1, 1, [](Arguments a) { return chain(a[0], std::sinh(a[0].value), std::cosh(a[0].value)); }},
      {"cosh", 1, 1, [](Arguments a) { return chain(a[0], std::cosh(a[0].value), std::sinh(a[0].value)); }},
      {"atan", 1, 1,
       [](Arguments a) { return chain(a[0], std::atan(a[0].value), 1 / (1 + a[0].value * a[0].value)); }},
      {"erf", 1, 1,
       [](Arguments a) {
         const double x = a[0].value;
         return chain(a[0], std::erf(x), 2 / std::sqrt(std::numbers::pi) * std::exp(-x * x));
       }},
      {"min", 2, 8, [](Arguments a) { return best_of(a, [](double p, double q) { return p < q; }); }},
      {"max", 2, 8, [](Arguments a) { return best_of(a, [](double p, double q) { return p > q; }); }},
      {"clamp", 3, 3,
       [](Arguments a) { return a[0].value < a[1].value   ? a[1]
                                : a[0].value > a[2].value ? a[2]
                                                          : a[0]; }},
  };
  return all;
}

/// Operators and functions of the table, then the activations: by its place in both lists.
int find_function(std::string_view name) {
  const auto& all = functions();
  for (std::size_t i = 0; i < all.size(); ++i)
    if (name == all[i].name) return static_cast<int>(i);
  const auto known = kernels::activations();
  for (std::size_t i = 0; i < known.size(); ++i)
    if (name == known[i].name && known[i].kind != kernels::Activation::Kind::none)
      return static_cast<int>(all.size() + i);
  return -1;
}

Point call(int function, Arguments a) {
  const auto& all = functions();
  const auto index = static_cast<std::size_t>(function);
  if (index < all.size()) return all[index].of(a);
  const auto& one = kernels::activations()[index - all.size()];
  const double parameter = a.size() > 1 ? a[1].value : one.parameter;
  if (a.size() > 1 && a[1].slope != 0) return {nan, nan};  // its parameter is a number
  return chain(a[0], one.f(a[0].value, parameter), one.slope(a[0].value, parameter));
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

/// By descent: sum, product, sign, power, then what stands alone.
class FormulaReader {
 public:
  explicit FormulaReader(std::string_view text) : text_(text) {}

  std::vector<Formula::Step> read() {
    if (text_.size() > longest)
      fail_usage("a formula of {} bytes is too long; at most {} are read", text_.size(), longest);
    sum();
    if (at_ < text_.size()) refuse(fmt::format("unexpected {}", in_quotes(text_.substr(at_, 1))));
    return std::move(steps_);
  }

 private:
  using Step = Formula::Step;

  [[noreturn]] void refuse(const std::string& what) const {
    fail_usage("{} {}", what, at_character(text_, at_));
  }
  void skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
  }
  bool take(std::string_view token) {
    skip_space();
    if (text_.substr(at_, token.size()) != token) return false;
    at_ += token.size();
    return true;
  }
  void push_call(std::string_view name, int arguments) {
    steps_.push_back({.kind = Step::Kind::call, .function = find_function(name), .arguments = arguments});
  }

  void sum() {
    if (++depth_ > deepest) refuse("parentheses nested too deeply");
    product();
    while (true) {
      const bool plus = take("+");
      if (!plus && !take("-")) break;
      product();
      push_call(plus ? "+" : "-", 2);
    }
    --depth_;
  }

  void product() {
    signed_power();
    while (true) {
      skip_space();
      if (text_.substr(at_, 2) == "**") refuse("expected a number, x, a function or '('");
      const bool times = take("*");
      if (!times && !take("/")) return;
      signed_power();
      push_call(times ? "*" : "/", 2);
    }
  }

  void signed_power() {
    bool negative = false;
    while (true) {
      if (take("-"))
        negative = !negative;
      else if (!take("+"))
        break;
    }
    if (negative) steps_.push_back({.kind = Step::Kind::number, .number = 0});
    alone();
    if (take("^") || take("**")) {
      if (++depth_ > deepest) refuse("powers nested too deeply");
      signed_power();
      --depth_;
      push_call("^", 2);
    }
    if (negative) push_call("-", 2);
  }

  void alone() {
    skip_space();
    if (take("(")) {
      sum();
      if (!take(")")) refuse("expected ')'");
    } else if (at_ < text_.size() && (is_digit(text_[at_]) || text_[at_] == '.')) {
      number();
    } else if (at_ < text_.size() && is_letter(text_[at_])) {
      word();
    } else {
      refuse("expected a number, x, a function or '('");
    }
  }

  void number() {
    double value = 0;
    const char* begin = text_.data() + at_;
    const auto [stop, error] = std::from_chars(begin, text_.data() + text_.size(), value);
    if (error != std::errc() || !std::isfinite(value)) refuse("expected a number that a double holds");
    at_ += static_cast<std::size_t>(stop - begin);
    steps_.push_back({.kind = Step::Kind::number, .number = value});
  }

  void word() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && (is_letter(text_[at_]) || is_digit(text_[at_]))) ++at_;
    const std::string name(text_.substr(begin, at_ - begin));
    if (name == "x") return steps_.push_back({.kind = Step::Kind::x});
    if (name == "pi" || name == "e")
      return steps_.push_back(
          {.kind = Step::Kind::number, .number = name == "pi" ? std::numbers::pi : std::numbers::e});
    const int function = find_function(name);
    if (function < 0) {
      at_ = begin;
      refuse(fmt::format("unknown function {}{}", in_quotes(name), suggest(name, formula_functions())));
    }
    if (!take("(")) refuse(fmt::format("expected '(' and what {} is taken of", in_quotes(name)));
    int arguments = 0;
    do {
      sum();
      ++arguments;
    } while (take(","));
    if (!take(")")) refuse("expected ',' or ')'");
    require_count(name, function, arguments, begin);
    steps_.push_back({.kind = Step::Kind::call, .function = function, .arguments = arguments});
  }

  void require_count(const std::string& name, int function, int arguments, std::size_t begin) {
    const auto& all = functions();
    int least = 1, most = 1;
    if (static_cast<std::size_t>(function) < all.size()) {
      least = all[static_cast<std::size_t>(function)].least;
      most = all[static_cast<std::size_t>(function)].most;
    } else if (kernels::find_activation(name)->option) {
      most = 2;
    }
    if (arguments >= least && arguments <= most) return;
    at_ = begin;
    refuse(fmt::format("{} takes {} arguments, not {},", name,
                       least == most ? std::to_string(least) : fmt::format("{} to {}", least, most),
                       arguments));
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int depth_ = 0;
  std::vector<Step> steps_;
};

Formula Formula::parse(std::string_view text) {
  Formula formula;
  formula.steps_ = FormulaReader(text).read();
  std::size_t height = 0, highest = 0;
  for (const Step& step : formula.steps_) {
    height += 1;
    if (step.kind == Step::Kind::call) height -= static_cast<std::size_t>(step.arguments);
    highest = std::max(highest, height);
  }
  if (highest > most_on_stack) fail_usage("the formula {} holds too much at once", in_quotes(text));
  return formula;
}

Formula::Point Formula::at(double x) const {
  std::array<Point, most_on_stack> stack;
  std::size_t height = 0;
  for (const Step& step : steps_) {
    if (step.kind == Step::Kind::number) {
      stack[height++] = {step.number, 0};
    } else if (step.kind == Step::Kind::x) {
      stack[height++] = {x, 1};
    } else {
      height -= static_cast<std::size_t>(step.arguments);
      stack[height] = call(step.function, {&stack[height], static_cast<std::size_t>(step.arguments)});
      ++height;
    }
  }
  return stack[0];
}

Nonlinearity Formula::nonlinearity() const {
  return {[self = *this](double x) { return self.at(x).value; },
          [self = *this](double x) { return self.at(x).slope; }};
}

std::vector<std::string> formula_functions() {
  std::vector<std::string> names;
  for (const Function& one : functions())
    if (is_letter(one.name[0])) names.emplace_back(one.name);
  for (const auto& one : kernels::activations())
    if (one.kind != kernels::Activation::Kind::none &&
        std::find(names.begin(), names.end(), one.name) == names.end())
      names.emplace_back(one.name);
  return names;
}

bool is_formula(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool begins = i == 0 || !(is_letter(text[i - 1]) || is_digit(text[i - 1]));
    const bool ends = i + 1 == text.size() || !(is_letter(text[i + 1]) || is_digit(text[i + 1]));
    if (text[i] == 'x' && begins && ends) return true;
  }
  return false;
}

}  // namespace fanin::init
