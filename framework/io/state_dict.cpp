#include "framework/io/state_dict.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "framework/core/error.hpp"
#include "framework/init/plan.hpp"
#include "framework/io/safetensors.hpp"

namespace fanin {
namespace {

using Status = WarmStart::Status;

struct Saved {
  std::string name;  // as renamed
  const StoredTensor* tensor;
  bool used = false;
};

/// A tensor of the model, and what is to happen to it.
struct Step {
  Tensor value;
  nn::Parameter* parameter = nullptr;  // null for a buffer
  const StoredTensor* from = nullptr;  // null when it stays as it is
  std::optional<Adapt> rule{};
};

std::vector<Saved> rename_all(const TensorFile& file, const WarmStartOptions& options) {
  auto names = renamed(file, {options.strip_prefix, options.rename, options.add_prefix});
  std::vector<Saved> all;
  for (std::size_t i = 0; i < names.size(); ++i) all.push_back({std::move(names[i]), &file.tensors[i]});
  return all;
}

std::string describe(const StoredTensor& tensor) {
  return fmt::format("{} {}", name_of(tensor.dtype), tensor.shape_text());
}

std::vector<Index> sizes_of(const Tensor& tensor) { return {tensor.shape().begin(), tensor.shape().end()}; }

/// What is in the way of a load, gathered so that one Error tells all.
class Obstacles {
 public:
  void add(std::string text) {
    ++count_;
    if (count_ <= 3) first_ += (first_.empty() ? "" : "; ") + std::move(text);
  }
  void raise(const std::string& path) const {
    if (count_ == 0) return;
    fail("{}: {} tensor{} in the way of this warm start: {}{}. The model is unchanged", path, count_,
         count_ == 1 ? "" : "s", first_, count_ > 3 ? fmt::format("; and {} more", count_ - 3) : "");
  }

 private:
  std::size_t count_ = 0;
  std::string first_;
};

/// The nearest of the names that are still free, as a note.
std::string near_name(const std::string& name, const std::vector<std::string>& free) {
  // Too many pairs to compare would make a large mismatched file slow to refuse.
  if (free.size() > 500) return "";
  const std::string suggestion = suggest(name, free);
  return suggestion.starts_with("; did you mean") ? suggestion.substr(2) : "";
}

std::string with_note(const std::string& text, const std::string& note) {
  return note.empty() ? text : fmt::format("{} ({})", text, note);
}

class Matcher {
 public:
  Matcher(nn::Module& model, const TensorFile& file, const WarmStartOptions& options)
      : options_(options), file_(file), saved_(rename_all(file, options)) {
    std::unordered_map<std::string, nn::Parameter*> parameters;
    for (const auto& one : model.named_parameters()) parameters[one.name] = one.parameter.get();
    for (auto& [name, value] : model.state_dict()) {
      const auto found = parameters.find(name);
      names_.push_back(name);
      steps_.push_back({.value = value, .parameter = found == parameters.end() ? nullptr : found->second});
    }
  }

  WarmStart match() {
    report_.path = file_.path;
    std::unordered_map<std::string_view, Saved*> by_name;
    for (auto& saved : saved_) by_name[saved.name] = &saved;
    check_patterns();

    std::vector<std::string> unmatched;  // saved names that no tensor of the model has
    const std::unordered_map<std::string_view, bool> ours = [&] {
      std::unordered_map<std::string_view, bool> set;
      for (const auto& name : names_) set[name] = true;
      return set;
    }();
    for (const auto& saved : saved_) {
      if (!ours.contains(saved.name)) unmatched.push_back(saved.name);
    }
    std::vector<std::string> lacking;
    for (std::size_t i = 0; i < names_.size(); ++i) {
      const auto found = by_name.find(names_[i]);
      Saved* saved = found == by_name.end() ? nullptr : found->second;
      if (saved != nullptr) saved->used = true;
      if (saved == nullptr && !skipped(names_[i])) lacking.push_back(names_[i]);
      match_one(names_[i], steps_[i], saved, unmatched);
    }
    for (const auto& saved : saved_) {
      if (!saved.used) match_rest(saved, lacking);
    }
    obstacles_.raise(file_.path);
    return std::move(report_);
  }

  void apply() {
    // A draw may fail, so all are made before the first tensor changes.
    Generator generator(options_.seed);
    std::vector<Tensor> drawn(steps_.size());
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      const Step& step = steps_[i];
      const bool draws = step.rule == Adapt::keep_rows && step.parameter != nullptr &&
                         step.value.numel() > step.from->numel();
      if (!draws) continue;
      drawn[i] = Tensor(step.value.shape());
      step.parameter->init.fill(drawn[i], step.parameter->fans, generator);
    }
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      const Step& step = steps_[i];
      if (step.from == nullptr) continue;
      Tensor value = step.value.detach();
      if (drawn[i].defined()) value.copy_from(drawn[i]);
      if (step.rule) {
        adapt(*step.rule, *step.from, value);
      } else {
        step.from->read_all(value.data());
      }
      step.from->drop_pages();
      if (step.parameter != nullptr) {
        step.parameter->origin = nn::Origin::loaded;
        step.parameter->drawn_by.clear();
      }
    }
  }

 private:
  bool skipped(const std::string& name) const {
    return std::any_of(options_.skip.begin(), options_.skip.end(),
                       [&](const std::string& pattern) { return init::glob(pattern, name); });
  }

  /// A pattern that matches nothing is a typing error, not a wish.
  void check_patterns() const {
    const auto check = [&](const std::string& pattern, const char* what) {
      const auto matches = [&](const std::string& name) { return init::glob(pattern, name); };
      if (std::any_of(names_.begin(), names_.end(), matches)) return;
      if (std::any_of(saved_.begin(), saved_.end(), [&](const Saved& saved) { return matches(saved.name); }))
        return;
      fail_usage("{}: the pattern '{}' to {} matches no tensor{}", file_.path, pattern, what,
                 suggest(pattern, names_));
    };
    for (const auto& pattern : options_.skip) check(pattern, "skip");
    for (const auto& rule : options_.adapt) check(rule.pattern, "adapt");
  }

  void match_one(const std::string& name, Step& step, const Saved* saved,
                 const std::vector<std::string>& unmatched) {
    const Shape& shape = step.value.shape();
    WarmStart::Entry entry{.name = name, .wanted = shape.to_string()};
    if (saved != nullptr) {
      entry.saved_name = saved->tensor->name;
      entry.saved = describe(*saved->tensor);
    }
    const std::string left = step.parameter == nullptr ? "stays as it is"
                             : step.parameter->origin == nn::Origin::declared
                                 ? fmt::format("left to {}", step.parameter->init.to_string())
                                 : "keeps its values";
    if (skipped(name)) {
      entry.status = Status::skipped;
      entry.note = left;
    } else if (saved == nullptr) {
      entry.status = Status::missing;
      entry.note = left;
      if (!options_.allow_missing) {
        obstacles_.add(
            with_note(fmt::format("'{}' {} is missing", name, entry.wanted), near_name(name, unmatched)));
      }
    } else {
      match_shapes(entry, step, *saved->tensor, left);
    }
    report_.entries.push_back(std::move(entry));
  }

  void match_shapes(WarmStart::Entry& entry, Step& step, const StoredTensor& saved, const std::string& left) {
    const std::vector<Index> wanted = sizes_of(step.value);
    if (saved.sizes == wanted) {
      step.from = &saved;
      entry.status = saved.dtype == DType::f32 ? Status::loaded : Status::cast;
      return;
    }
    const auto rule = std::find_if(options_.adapt.rbegin(), options_.adapt.rend(),
                                   [&](const AdaptRule& one) { return init::glob(one.pattern, entry.name); });
    if (rule == options_.adapt.rend()) {
      entry.status = Status::skipped;
      entry.note = "its shape differs; " + left;
      if (options_.on_shape_mismatch == Mismatch::error) {
        obstacles_.add(
            fmt::format("'{}' has shape {}, the model wants {} (skip it or give a rule to adapt it)",
                        entry.name, saved.shape_text(), entry.wanted));
      }
    } else if (rule->rule == Adapt::reinitialize) {
      entry.status = Status::skipped;
      entry.note = "reinitialize; " + left;
    } else if (const auto reason = saved.sizes.size() > Shape::max_rank
                                       ? "it has too many dimensions"
                                       : why_not(rule->rule, saved.sizes, wanted)) {
      obstacles_.add(fmt::format("'{}' of shape {} cannot become {} by '{}': {}", entry.name,
                                 saved.shape_text(), entry.wanted, name_of(rule->rule), *reason));
    } else {
      step.from = &saved;
      step.rule = rule->rule;
      entry.status = Status::adapted;
      entry.note = name_of(rule->rule);
    }
  }

  void match_rest(const Saved& saved, const std::vector<std::string>& lacking) {
    WarmStart::Entry entry{.status = Status::unexpected,
                           .name = saved.name,
                           .saved_name = saved.tensor->name,
                           .saved = describe(*saved.tensor)};
    // Of any dtype: people cast whole state dicts to half.
    const bool counter = saved.name.ends_with("num_batches_tracked") && saved.tensor->numel() == 1;
    if (counter || skipped(saved.name)) {
      entry.status = Status::skipped;
      if (counter) entry.note = "PyTorch's count of batches, which nothing here needs";
    } else {
      entry.note = near_name(saved.name, lacking);
      if (!options_.allow_unexpected) {
        obstacles_.add(with_note(fmt::format("'{}' {} is unexpected", saved.name, entry.saved), entry.note));
      }
    }
    report_.entries.push_back(std::move(entry));
  }

  const WarmStartOptions& options_;
  const TensorFile& file_;
  std::vector<Saved> saved_;
  std::vector<std::string> names_;
  std::vector<Step> steps_;
  Obstacles obstacles_;
  WarmStart report_;
};

}  // namespace

WarmStart load_state_dict(nn::Module& model, const TensorFile& file, const WarmStartOptions& options) {
  Matcher matcher(model, file, options);
  WarmStart report = matcher.match();
  matcher.apply();
  return report;
}

void save_model(const std::string& path, nn::Module& model,
                const std::map<std::string, std::string>& metadata, std::optional<DType> dtype) {
  for (const auto& one : model.named_parameters()) {
    if (one.parameter->origin == nn::Origin::declared) {
      fail("{}: parameter '{}' has no values to save yet: initialize or load the model first", path,
           one.name);
    }
  }
  std::vector<StoredTensor> tensors;
  for (const auto& [name, tensor] : model.state_dict()) tensors.push_back(stored(name, tensor));
  write_safetensors(path, tensors, metadata, dtype);
}

}  // namespace fanin
