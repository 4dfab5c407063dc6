#pragma once
#include <algorithm>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fanin/core/error.hpp>
#include <fanin/core/expression.hpp>

namespace fanin {

/// Values of T by their member `name`: the library's, then those that a user adds. May be asked and added to
/// from several threads; a value stays where it is as long as the program runs.
template <class T>
class Registry {
 public:
  /// `kind` names the sort of thing in messages: "optimizer".
  Registry(std::string kind, std::vector<T> first) : kind_(std::move(kind)) {
    for (T& one : first) all_.push_back(std::move(one));
  }

  /// Usage Error with the nearest names where there is none of that name.
  const T& at(const std::string& name) const {
    {
      const std::lock_guard lock(mutex_);
      if (const T* found = find(name)) return *found;
    }
    fail_usage("unknown {} '{}'{}", kind_, name, suggest(name, names()));
  }

  /// Error for a name that is taken, or that a text cannot hold as it is.
  const T& add(T one) {
    if (Expression::parse(one.name).to_string() != one.name)
      fail("a{} {} cannot be called {}", kind_.find_first_of("aeio") == 0 ? "n" : "", kind_,
           quoted(one.name));
    const std::lock_guard lock(mutex_);
    if (find(one.name)) fail("the {} name {} is taken", kind_, quoted(one.name));
    return all_.emplace_back(std::move(one));
  }

  /// In the order in which they were added.
  std::vector<std::string> names() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> names;
    for (const T& one : all_) names.push_back(one.name);
    return names;
  }

 private:
  const T* find(std::string_view name) const {
    const auto found = std::find_if(all_.begin(), all_.end(), [&](const T& one) { return one.name == name; });
    return found == all_.end() ? nullptr : &*found;
  }

  std::string kind_;
  mutable std::mutex mutex_;
  std::deque<T> all_;
};

}  // namespace fanin
