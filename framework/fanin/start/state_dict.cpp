#include <fmt/ranges.h>

#include <algorithm>
#include <regex>
#include <unordered_map>
#include <utility>

#include <fanin/core/fail.hpp>
#include <fanin/core/printable.hpp>
#include <fanin/init/plan.hpp>
#include <fanin/io/not_finite.hpp>
#include <fanin/io/tensor_file.hpp>
#include <fanin/start/counterpart.hpp>
#include <fanin/start/load_step.hpp>
#include <fanin/start/obstacles.hpp>
#include <fanin/start/prefix_hint.hpp>
#include <fanin/start/state_dict.hpp>
#include <fanin/start/warm_start_patterns.hpp>

namespace fanin::start {
namespace {

using Status = WarmStartReport::Status;

/// A tensor of the file.
struct Candidate {
  std::string name;  // as renamed
  const io::StoredTensor* tensor;
  bool used = false;
};

std::vector<Candidate> rename_all(const io::TensorFile& file, const WarmStartOptions& options) {
  auto names = renamed(file, {options.strip_prefix, options.rename, options.add_prefix});
  std::vector<Candidate> all;
  for (std::size_t i = 0; i < names.size(); ++i) all.push_back({std::move(names[i]), &file.tensors[i]});
  return all;
}

/// Of any dtype: people cast whole state dicts to half.
bool is_batch_counter(const std::string& name, const io::StoredTensor& tensor) {
  return name.ends_with("num_batches_tracked") && tensor.numel() == 1;
}

std::string describe(const io::StoredTensor& tensor) {
  return fmt::format("{} {}", name_of(tensor.dtype), tensor.shape_text());
}

std::vector<Index> sizes_of(const Tensor& tensor) { return {tensor.shape().begin(), tensor.shape().end()}; }

class Matcher {
 public:
  Matcher(nn::Module& model, const io::TensorFile& file, const WarmStartOptions& options)
      : model_(model), options_(options), file_(file), saved_(rename_all(file, options)) {
    std::unordered_map<std::string, nn::Parameter*> parameters;
    for (const auto& one : model.all_names()) parameters[one.name] = one.parameter.get();
    for (auto& [name, value] : model.state_dict()) {
      const auto found = parameters.find(name);
      names_.push_back(name);
      steps_.push_back({.value = value, .parameter = found == parameters.end() ? nullptr : found->second});
    }
  }

  WarmStartReport match() {
    report_.path = file_.path;
    std::unordered_map<std::string_view, Candidate*> by_name;
    for (auto& saved : saved_) by_name[saved.name] = &saved;
    std::vector<std::string> saved_names;
    for (const Candidate& saved : saved_) saved_names.push_back(saved.name);
    require_effective_patterns(options_, file_, names_, saved_names);

    std::vector<Unmatched> unmatched;  // saved ones that no tensor of the model has
    const std::unordered_map<std::string_view, bool> ours = [&] {
      std::unordered_map<std::string_view, bool> set;
      for (const auto& name : names_) set[name] = true;
      return set;
    }();
    for (const auto& saved : saved_) {
      if (!ours.contains(saved.name)) unmatched.push_back({saved.name, saved.tensor->sizes});
    }
    std::vector<Unmatched> lacking;
    for (std::size_t i = 0; i < names_.size(); ++i) {
      const auto found = by_name.find(names_[i]);
      Candidate* saved = found == by_name.end() ? nullptr : found->second;
      if (saved != nullptr) saved->used = true;
      if (saved == nullptr && !skipped(names_[i])) lacking.push_back({names_[i], sizes_of(steps_[i].value)});
      match_one(names_[i], steps_[i], saved, unmatched);
    }
    join_shared();
    for (const auto& saved : saved_) {
      if (!saved.used) match_rest(saved, lacking);
    }
    look_for_prefix();
    look_for_nonfinite();
    obstacles_.raise(file_.path);
    return std::move(report_);
  }

  void apply() { load(steps_, model_, options_.seed); }

 private:
  bool skipped(const std::string& name) const { return start::skipped(options_, name); }

  /// Whether a renaming goes together with all that were offered so far: a layer has one new name.
  bool may_become(const std::string& saved, const std::string& wanted) {
    if (saved.empty() || wanted.empty()) return true;
    const NameChange one = name_change(saved, wanted);
    for (const NameChange& other : offered_) {
      if (other.from == one.from && other.to == one.to) return true;
      if (other.from == one.from || other.to == one.to) return false;
    }
    offered_.push_back(one);
    return true;
  }

  /// When names do not meet, whether they would under another prefix: then one flag says more than a list of
  /// names.
  void look_for_prefix() {
    const bool nothing_came =
        std::none_of(steps_.begin(), steps_.end(), [](const LoadStep& step) { return step.from != nullptr; });
    if (!obstacles_.any() && !nothing_came) return;
    // Behind a renaming, no prefix can be said in the flags' terms.
    if (!options_.rename.empty() || !options_.add_prefix.empty()) return;
    std::vector<std::string> saved;
    for (const auto& one : saved_) {
      if (!is_batch_counter(one.name, *one.tensor)) saved.push_back(one.tensor->name);
    }
    const auto hints = prefix_hints(names_, saved, [&](std::size_t i) { return !skipped(names_[i]); });
    if (!hints.empty()) obstacles_.resolve(to_string(hints));
  }

  void look_for_nonfinite() {
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      const io::StoredTensor* from = steps_[i].from;
      if (from == nullptr) continue;
      const io::NotFinite found = not_finite(*from);
      from->drop_pages();
      if (!found.any()) continue;
      std::string& note = report_.entries[i].note;
      note += (note.empty() ? "" : "; ") + found.to_string();
      if (options_.allow_nonfinite) continue;
      obstacles_.add(fmt::format("'{}': {}", names_[i], found.to_string()),
                     "--allow-nonfinite takes it as it is", "--allow-nonfinite");
    }
  }

  /// Another of the model's names for the same tensor, under which the file has it; empty where there is
  /// none.
  std::string saved_under_another_name(const LoadStep& step) const {
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      if (&steps_[i] == &step || !steps_[i].value.same_as(step.value) || skipped(names_[i])) continue;
      if (std::any_of(saved_.begin(), saved_.end(),
                      [&](const Candidate& one) { return one.name == names_[i]; }))
        return names_[i];
    }
    return "";
  }

  /// Why a tensor that the file names could not be read, where it names this one.
  std::string why_unread(const std::string& name) const {
    const std::string within = file_.key.empty() ? "" : file_.key + ".";
    for (const io::LeftOut& one : file_.left_out) {
      if (!one.name.starts_with(within)) continue;
      std::string saved = one.name.substr(within.size());
      if (saved.starts_with(options_.strip_prefix)) saved.erase(0, options_.strip_prefix.size());
      for (const auto& [pattern, replacement] : options_.rename)
        saved = std::regex_replace(saved, std::regex(pattern), replacement);
      if (options_.add_prefix + saved == name)
        return fmt::format("; the file's '{}' cannot be read: {}", one.name, one.what);
    }
    return "";
  }

  void match_one(const std::string& name, LoadStep& step, const Candidate* saved,
                 const std::vector<Unmatched>& unmatched) {
    const Shape& shape = step.value.shape();
    WarmStartReport::Entry entry{.name = name, .wanted = shape.to_string()};
    if (saved != nullptr) {
      entry.saved_name = saved->tensor->name;
      entry.saved = describe(*saved->tensor);
    }
    const std::string left =
        step.parameter == nullptr ? "stays as it is"
        : step.parameter->origin == nn::Origin::declared
            ? fmt::format("left to {}, by the next initialize", step.parameter->init.to_string())
            : "keeps its values";
    if (skipped(name)) {
      entry.status = Status::skipped;
      entry.note = left;
    } else if (saved == nullptr) {
      entry.status = Status::missing;
      const std::string unread = why_unread(name);
      entry.note = left + unread;
      if (const auto other = saved_under_another_name(step); !other.empty()) {
        entry.status = Status::loaded;
        entry.note = fmt::format("is '{}' under another name", other);
      } else if (!options_.allow_missing) {
        std::string other_name = unread.empty() ? counterpart({name, sizes_of(step.value)}, unmatched) : "";
        if (!may_become(other_name, name)) other_name.clear();
        obstacles_.add(fmt::format("'{}' {} is missing{}", name, entry.wanted, unread),
                       other_name_flags(other_name, name, name, options_.add_prefix), "--allow-missing");
      }
    } else {
      match_shapes(entry, step, *saved->tensor, left);
    }
    report_.entries.push_back(std::move(entry));
  }

  void match_shapes(WarmStartReport::Entry& entry, LoadStep& step, const io::StoredTensor& saved,
                    const std::string& left) {
    const std::vector<Index> wanted = sizes_of(step.value);
    const auto rule = std::find_if(options_.adapt.rbegin(), options_.adapt.rend(), [&](const AdaptRule& one) {
      return init::covers(one.pattern, entry.name);
    });
    const bool ruled = rule != options_.adapt.rend();
    const bool fits_by_rule = ruled && saved.sizes.size() <= Shape::max_rank &&
                              !why_not(rule->rule, saved.sizes, wanted, rule->channels);
    // A square matrix may need its rule too: only who gives it can know.
    const bool reordered = ruled && reorders(rule->rule) && fits_by_rule;
    if (saved.sizes == wanted && !reordered) {
      step.from = &saved;
      entry.status = saved.dtype == io::DType::f32 ? Status::loaded : Status::cast;
      return;
    }
    if (!ruled) {
      entry.status = Status::skipped;
      entry.note = "its shape differs; " + left;
      if (options_.on_shape_mismatch == Mismatch::error) {
        obstacles_.add(fmt::format("'{}' has shape {}, the model wants {}", entry.name, saved.shape_text(),
                                   entry.wanted),
                       reshape_flags(entry.name, saved.sizes, wanted), "--skip-mismatched");
      }
    } else if (rule->rule == Adapt::reinitialize) {
      entry.status = Status::skipped;
      entry.note = "reinitialize; " + left;
    } else if (const auto reason = saved.sizes.size() > Shape::max_rank
                                       ? "it has too many dimensions"
                                       : why_not(rule->rule, saved.sizes, wanted, rule->channels)) {
      obstacles_.add(fmt::format("'{}' of shape {} cannot become {} by '{}', as {}", entry.name,
                                 saved.shape_text(), entry.wanted, name_of(rule->rule), *reason),
                     reshape_flags(entry.name, saved.sizes, wanted));
    } else {
      step.from = &saved;
      step.rule = &*rule;
      entry.status = Status::adapted;
      entry.note = name_of(rule->rule);
    }
  }

  /// Of a tensor that has several names in the model, the first with a source is copied. Error where another
  /// one's differs.
  void join_shared() {
    for (std::size_t i = 1; i < steps_.size(); ++i) {
      const auto twin =
          std::find_if(steps_.begin(), steps_.begin() + static_cast<std::ptrdiff_t>(i),
                       [&](const LoadStep& one) { return one.from && one.value.same_as(steps_[i].value); });
      if (twin == steps_.begin() + static_cast<std::ptrdiff_t>(i) || steps_[i].from == nullptr) continue;
      Tensor mine(steps_[i].value.shape()), others(mine.shape());
      if (!steps_[i].rule && !twin->rule) {
        steps_[i].from->read_all(mine.data());
        twin->from->read_all(others.data());
        const auto same = [](real a, real b) { return a == b || (a != a && b != b); };
        if (!std::equal(mine.values().begin(), mine.values().end(), others.values().begin(), same)) {
          const std::string& first = names_[static_cast<std::size_t>(twin - steps_.begin())];
          obstacles_.add(
              fmt::format("'{}' and '{}' are one tensor in the model and two different ones in the file",
                          first, names_[i]),
              fmt::format("{} to load the first, or {}", skip_flag(names_[i]), skip_flag(first)));
        }
      }
      steps_[i].from = nullptr;
    }
  }

  void match_rest(const Candidate& saved, const std::vector<Unmatched>& lacking) {
    WarmStartReport::Entry entry{.status = Status::unexpected,
                                 .name = saved.name,
                                 .saved_name = saved.tensor->name,
                                 .saved = describe(*saved.tensor)};
    const bool counter = is_batch_counter(saved.name, *saved.tensor);
    if (counter || skipped(saved.name)) {
      entry.status = Status::skipped;
      if (counter) entry.note = "PyTorch's count of batches, which nothing here needs";
    } else {
      std::string wanted = counterpart({saved.name, saved.tensor->sizes}, lacking);
      if (!may_become(saved.name, wanted)) wanted.clear();
      if (!wanted.empty()) entry.note = fmt::format("did you mean '{}'?", wanted);
      if (!options_.allow_unexpected)
        obstacles_.add(fmt::format("'{}' {} is unexpected", saved.name, entry.saved),
                       other_name_flags(saved.name, wanted, saved.name, options_.add_prefix),
                       "--allow-unexpected");
    }
    report_.entries.push_back(std::move(entry));
  }

  nn::Module& model_;
  const WarmStartOptions& options_;
  const io::TensorFile& file_;
  std::vector<Candidate> saved_;
  std::vector<std::string> names_;
  std::vector<LoadStep> steps_;
  Obstacles obstacles_;
  std::vector<NameChange> offered_;
  WarmStartReport report_;
};

}  // namespace

WarmStartReport load_state_dict(nn::Module& model, const io::TensorFile& file,
                                const WarmStartOptions& options) {
  Matcher matcher(model, file, options);
  WarmStartReport report = matcher.match();
  matcher.apply();
  return report;
}

}  // namespace fanin::start
