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

/// Values of T by their member `name`, and their `aliases` where T has such: the library's, then those that a
/// user adds. May be asked and added to from several threads; a value stays where it is as long as the program
/// runs.
template <class T>
class Registry {
 public:
  /// `kind` names the sort of thing in messages: "optimizer".
  Registry(std::string kind, std::vector<T> first) : kind_(std::move(kind)) {
    for (T& one : first) all_.push_back(std::move(one));
  }

  /// Usage Error with the nearest names where there is none of that name.
  const T& at(const std::string& name) const {
    if (const T* found = find(name)) return *found;
    fail_unknown(kind_, name, names());
  }

  /// Null where there is none of that name.
  const T* find(std::string_view name) const {
    const std::lock_guard lock(mutex_);
    return find_locked(name);
  }

  /// Error for a name that is taken, or that a text cannot hold as it is.
  const T& add(T one) {
    const std::lock_guard lock(mutex_);
    for (const std::string& name : names_of(one)) {
      if (CallExpression::parse(name).to_string() != name)
        throw Error((kind_.find_first_of("aeio") == 0 ? "an " : "a ") + kind_ + " cannot be called " +
                    in_quotes(name));
      if (find_locked(name)) throw Error("the " + kind_ + " name " + in_quotes(name) + " is taken");
    }
    return all_.emplace_back(std::move(one));
  }

  /// In the order in which they were added.
  std::vector<const T*> all() const {
    const std::lock_guard lock(mutex_);
    std::vector<const T*> all;
    for (const T& one : all_) all.push_back(&one);
    return all;
  }
  /// Theirs, without aliases.
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const T* one : all()) names.push_back(one->name);
    return names;
  }
  /// All by which a value is found.
  static std::vector<std::string> names_of(const T& one) {
    std::vector<std::string> names = {one.name};
    if constexpr (requires { one.aliases; })
      names.insert(names.end(), one.aliases.begin(), one.aliases.end());
    return names;
  }

 private:
  const T* find_locked(std::string_view name) const {
    for (const T& one : all_) {
      if (one.name == name) return &one;
      if constexpr (requires { one.aliases; })
        if (std::find(one.aliases.begin(), one.aliases.end(), name) != one.aliases.end()) return &one;
    }
    return nullptr;
  }

  std::string kind_;
  mutable std::mutex mutex_;
  std::deque<T> all_;
};

}  // namespace fanin
