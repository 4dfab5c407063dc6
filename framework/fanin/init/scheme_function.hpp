#pragma once
#include <functional>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <utility>

namespace fanin::init {

class Initializer;

/// An initializer's options, which are of that type; Error where its scheme has others.
const void* options_of(const Initializer& initializer, const std::type_info& type);

/// @cond
template <class Signature>
class SchemeFunction;
/// @endcond

/// A function of a scheme, which may hold state. It is made from any of
///   - a function of `Args…` and the scheme's struct of options: `[](Tensor& w, …, const MyOptions& o)`,
///   - one of `Args…` and the `const Initializer&` at work,
///   - one of `Args…` alone,
///   - the result, where it is always the same.
template <class R, class... Args>
class SchemeFunction<R(Args...)> {
 public:
  SchemeFunction() = default;  ///< none
  /// From any of the above.
  template <class F>
  requires(!std::is_same_v<F, SchemeFunction>) SchemeFunction(F f) {
    if constexpr (std::is_same_v<F, R>) {
      call_ = [f = std::move(f)](Args..., const Initializer&) { return f; };
    } else if constexpr (std::is_invocable_v<F, Args..., const Initializer&>) {
      call_ = std::move(f);
    } else if constexpr (std::is_invocable_v<F, Args...>) {
      call_ = [f = std::move(f)](Args... args, const Initializer&) mutable -> R { return f(args...); };
    } else {
      using Options = std::remove_cvref_t<decltype(last_argument(std::function(f)))>;
      call_ = [f = std::move(f)](Args... args, const Initializer& of) mutable -> R {
        return f(args..., *static_cast<const Options*>(options_of(of, typeid(Options))));
      };
    }
  }

  explicit operator bool() const { return call_ != nullptr; }  ///< whether there is one
  /// Calls it for the initializer `of`, whose options it is given.
  R operator()(Args... args, const Initializer& of) const { return call_(args..., of); }

 private:
  template <class Result, class... All>
  static std::tuple_element_t<sizeof...(All) - 1, std::tuple<All...>> last_argument(
      const std::function<Result(All...)>&);

  std::function<R(Args..., const Initializer&)> call_;
};

}  // namespace fanin::init
