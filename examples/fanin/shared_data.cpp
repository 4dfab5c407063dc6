#include "examples/fanin/shared_data.hpp"

#include <cstring>
#include <optional>
#include <type_traits>

#include <fanin/core/fail.hpp>

namespace fanin::program {
namespace {

/// Visits all that a set holds; one list both writes and reads. A member added to Dataset does not compile
/// before it is named here.
void each_member(auto& set, auto&& visit) {
  auto& [name, count, channels, height, width, classes, class_names, images, labels, mean, stddev, measured,
         notes] = set;
  visit(name), visit(count), visit(channels), visit(height), visit(width), visit(classes), visit(class_names);
  visit(images), visit(labels), visit(mean), visit(stddev), visit(measured), visit(notes);
}

/// Counts bytes, and writes them where there is a place.
struct Writer {
  std::byte* place = nullptr;
  std::size_t size = 0;

  void raw(const void* from, std::size_t bytes) {
    if (place != nullptr && bytes > 0) std::memcpy(place + size, from, bytes);
    size += bytes;
  }
  template <class T>
  requires std::is_arithmetic_v<T>
  void of(const T& value) { raw(&value, sizeof value); }
  void of(const std::string& text) { of(text.size()), raw(text.data(), text.size()); }
  template <class T>
  void of(const std::vector<T>& values) {
    of(values.size());
    if constexpr (std::is_arithmetic_v<T>) {
      raw(values.data(), values.size() * sizeof(T));
    } else {
      for (const T& value : values) of(value);
    }
  }
  void of(const data::Dataset& set) {
    each_member(set, [this](const auto& member) { this->of(member); });
  }
};

/// Of what the Writer of this very program wrote: nothing needs to be checked.
struct Reader {
  const std::byte* place;

  void raw(void* to, std::size_t bytes) {
    if (bytes > 0) std::memcpy(to, place, bytes);
    place += bytes;
  }
  template <class T>
  requires std::is_arithmetic_v<T>
  void of(T& value) { raw(&value, sizeof value); }
  std::size_t count() {
    std::size_t size = 0;
    of(size);
    return size;
  }
  void of(std::string& text) {
    text.resize(count());
    raw(text.data(), text.size());
  }
  template <class T>
  void of(std::vector<T>& values) {
    values.resize(count());
    if constexpr (std::is_arithmetic_v<T>) {
      raw(values.data(), values.size() * sizeof(T));
    } else {
      for (T& value : values) of(value);
    }
  }
  void of(data::Dataset& set) {
    each_member(set, [this](auto& member) { this->of(member); });
  }
};

}  // namespace

data::Sets loaded_once(const RankGroup& ranks, const std::function<data::Sets()>& load) {
  data::Sets sets;
  std::string refusal;
  bool usage = false;
  if (ranks.node_rank == 0) {
    try {
      sets = load();
    } catch (const Error& error) {
      refusal = error.what();
      usage = error.blame() == Blame::usage;
    } catch (const std::exception& error) {
      refusal = error.what();
    }
  }
  const auto write = [&](Writer& writer) {
    writer.of(refusal), writer.of(usage);
    for (const data::Dataset* set : {&sets.training, &sets.validation, &sets.test}) writer.of(*set);
  };
  Writer counted;
  if (ranks.node_rank == 0) write(counted);
  const auto shared = ranks.share(counted.size, [&](std::span<std::byte> place) {
    Writer writer{place.data()};
    write(writer);
  });
  if (ranks.node_rank != 0) {
    Reader reader{shared.data()};
    reader.of(refusal), reader.of(usage);
    if (refusal.empty())
      for (data::Dataset* set : {&sets.training, &sets.validation, &sets.test}) reader.of(*set);
  }
  if (!refusal.empty() && usage) fail_usage("{}", refusal);
  if (!refusal.empty()) fail("{}", refusal);
  return sets;
}

}  // namespace fanin::program
