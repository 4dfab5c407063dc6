#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <regex>
#include <set>
#include <unordered_map>
#include <utility>

#include <fanin/core/choice.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/core/printable.hpp>
#include <fanin/init/plan.hpp>
#include <fanin/init/unmatched.hpp>
#include <fanin/io/not_finite.hpp>
#include <fanin/io/tensor_file.hpp>
#include <fanin/start/prefix_hint.hpp>
#include <fanin/start/slots.hpp>
#include <fanin/start/state_dict.hpp>

namespace fanin::start {
namespace {

using Status = WarmStartReport::Status;

struct Saved {
  std::string name;  // as renamed
  const io::StoredTensor* tensor;
  bool used = false;
};

/// A tensor of the model, and what is to happen to it.
struct Step {
  Tensor value;
  nn::Parameter* parameter = nullptr;      // null for a buffer
  const io::StoredTensor* from = nullptr;  // null when it stays as it is
  const AdaptRule* rule = nullptr;
};

std::vector<Saved> rename_all(const io::TensorFile& file, const WarmStartOptions& options) {
  auto names = renamed(file, {options.strip_prefix, options.rename, options.add_prefix});
  std::vector<Saved> all;
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

/// What is in the way of a load, gathered so that one Error tells all, with the flags of a command that would
/// remove it: of each tensor, and of all of its kind.
class Obstacles {
 public:
  void add(const std::string& text, const std::string& flags, const char* flag_of_all = nullptr) {
    ++count_;
    if (count_ <= 3) first_ += fmt::format("{}{}: {}", first_.empty() ? "" : "; ", text, flags);
    if (flag_of_all) of_all_.insert(flag_of_all);
  }
  /// What would remove them all, in place of the list.
  void resolve(std::string how) { how_ = std::move(how); }
  void raise(const std::string& path) const {
    if (!how_.empty()) fail("{}: {}", path, how_);  // the flag last, to be pasted
    if (count_ == 0) return;
    fail("{}: {} tensor{} in the way of this warm start: {}{}. The model is unchanged{}", path, count_,
         count_ == 1 ? "" : "s", first_, count_ > 3 ? fmt::format("; and {} more", count_ - 3) : "",
         count_ == 1 || of_all_.empty()
             ? ""
             : fmt::format("; without regard to {}: {}",
                           of_all_.size() == 1 ? "all of these" : "any of these", fmt::join(of_all_, " ")));
  }
  bool any() const { return count_ > 0; }

 private:
  std::size_t count_ = 0;
  std::string first_, how_;
  std::set<std::string> of_all_;
};

std::string skip_flag(const std::string& name) { return "--skip " + shell_word(name); }

/// `name` as a regular expression that means itself.
std::string escaped(const std::string& name) {
  std::string expression;
  for (const char c : name) {
    if (std::string_view(".[]{}()*+?^$|\\").find(c) != std::string_view::npos) expression += '\\';
    expression += c;
  }
  return expression;
}

/// The flag under which the saved name, and those of the same layer, become the model's.
std::string rename_flag(const std::string& saved, const std::string& wanted) {
  const std::size_t leaf = saved.rfind('.'), own = wanted.rfind('.');
  const bool layers =
      leaf != std::string::npos && own != std::string::npos && saved.substr(leaf) == wanted.substr(own);
  const std::string from = layers ? escaped(saved.substr(0, leaf + 1)) : escaped(saved) + "$";
  return "--rename " + shell_word("^" + from + "=>" + (layers ? wanted.substr(0, own + 1) : wanted));
}

/// A name that is still to be matched, and its shape.
struct Unmatched {
  std::string name;
  std::vector<Index> sizes;
};

/// Which of those that are free may be what `one` is called on the other side: the nearest by spelling, else the only
/// one of the same shape and last part ("weight"), where both have parts. Empty where none is.
std::string counterpart(const Unmatched& one, const std::vector<Unmatched>& free) {
  // Too many pairs to compare would make a large mismatched file slow to refuse.
  if (free.size() > 500) return "";
  std::vector<std::string> names;
  names.reserve(free.size());
  for (const auto& other : free) names.push_back(other.name);
  const std::string suggestion = suggest(one.name, names);
  for (const auto& name : names)
    if (suggestion.starts_with(fmt::format("; did you mean '{}'", name))) return name;
  const auto leaf = [](const std::string& name) { return name.substr(name.rfind('.') + 1); };
  const auto parts = [&](const std::string& name) { return name.size() > leaf(name).size(); };
  std::string alike;
  for (const auto& other : free) {
    if (other.sizes != one.sizes) continue;
    if (parts(other.name) && parts(one.name) && leaf(other.name) != leaf(one.name)) continue;
    if (!alike.empty()) return "";
    alike = other.name;
  }
  return alike;
}

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
    std::unordered_map<std::string_view, Saved*> by_name;
    for (auto& saved : saved_) by_name[saved.name] = &saved;
    check_patterns();

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
      Saved* saved = found == by_name.end() ? nullptr : found->second;
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

  void apply() {
    // A draw may fail, so all are made before the first tensor changes.
    Generator generator(options_.seed);
    std::unordered_map<const nn::Parameter*, std::size_t> wanted;
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      const Step& step = steps_[i];
      const bool grows = step.rule != nullptr && step.rule->rule == Adapt::keep_rows &&
                         step.parameter != nullptr && step.value.numel() > step.from->numel();
      if (grows) wanted.emplace(step.parameter, i);
    }
    std::vector<Tensor> drawn(steps_.size());
    if (!wanted.empty()) {
      for_each_slot(model_, generator, [&](const Slot& slot) {
        const auto found = wanted.find(slot.parameter.parameter.get());
        if (found != wanted.end()) drawn[found->second] = slot.fresh();
      });
    }
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      const Step& step = steps_[i];
      if (step.from == nullptr) continue;
      Tensor value = step.value;
      if (drawn[i].defined())
        value.copy_from(drawn[i]);
      else if (!value.has_values())
        value.fill(std::numeric_limits<real>::quiet_NaN());
      if (step.rule != nullptr)
        adapt(step.rule->rule, *step.from, value, step.rule->channels);
      else
        step.from->read_all(value.data());
      value.mark_written();
      step.from->drop_pages();
      if (step.parameter != nullptr) {
        step.parameter->origin = nn::Origin::loaded;
        step.parameter->drawn_by.reset();
      }
    }
  }

 private:
  bool skipped(const std::string& name) const {
    return std::any_of(options_.skip.begin(), options_.skip.end(),
                       [&](const std::string& pattern) { return init::covers(pattern, name); });
  }

  /// The flags by which a saved tensor of another shape can be used, or left.
  static std::string way_out(const std::string& name, const std::vector<Index>& from,
                             const std::vector<Index>& to) {
    const auto rules = from.size() > Shape::max_rank ? std::vector<Adapt>() : fitting_rules(from, to);
    if (rules.empty()) return skip_flag(name);
    return fmt::format("--adapt {}{}, or {}", shell_word(fmt::format("{}={}", name, name_of(rules.front()))),
                       rules.front() == Adapt::transpose ? " if it is in Keras's order" : "",
                       skip_flag(name));
  }

  /// The flags by which a tensor that one side lacks is found under the other's name, or left.
  std::string way_out(const std::string& saved, const std::string& wanted, const std::string& left) const {
    const std::string& added = options_.add_prefix;
    if (saved.empty() || wanted.empty() || !wanted.starts_with(added)) return skip_flag(left);
    return fmt::format("{}, or {}", rename_flag(saved.substr(added.size()), wanted.substr(added.size())),
                       skip_flag(left));
  }

  /// When names do not meet, whether they would under another prefix: then one flag says more than a list of
  /// names.
  void look_for_prefix() {
    const bool nothing_came =
        std::none_of(steps_.begin(), steps_.end(), [](const Step& step) { return step.from != nullptr; });
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
  std::string saved_under_another_name(const Step& step) const {
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      if (&steps_[i] == &step || !steps_[i].value.same_as(step.value) || skipped(names_[i])) continue;
      if (std::any_of(saved_.begin(), saved_.end(), [&](const Saved& one) { return one.name == names_[i]; }))
        return names_[i];
    }
    return "";
  }

  /// A pattern that matches nothing is a typing error, not a wish.
  void check_patterns() const {
    std::vector<std::string> all = names_;
    for (const Saved& saved : saved_) all.push_back(saved.name);
    // Of what could not be read there is nothing to do, which is what skipping asks for.
    for (const io::LeftOut& one : file_.left_out) all.push_back(one.name);
    const auto check = [&](const std::string& pattern, const char* what) {
      if (const auto idle = init::unmatched(pattern, all))
        fail_usage("{}: the pattern '{}' to {} matches no tensor{}", file_.path, *idle, what,
                   suggest(*idle, names_));
    };
    for (const auto& pattern : options_.skip) check(pattern, "skip");
    for (const auto& rule : options_.adapt) {
      check(rule.pattern, "adapt");
      require_effect(rule.pattern);
    }
  }

  /// Nor is a pattern of what is left out alone, but for `*`: a rule for whatever does not fit.
  void require_effect(const std::string& pattern) const {
    if (pattern == "*") return;
    for (const std::string_view one : init::split_patterns(pattern)) {
      std::vector<std::string> covered;
      for (const auto& name : names_)
        if (init::covers(one, name)) covered.push_back(name);
      if (!covered.empty() &&
          std::all_of(covered.begin(), covered.end(), [&](const std::string& name) { return skipped(name); }))
        fail_usage(
            "{}: the pattern '{}' to adapt is of {} alone, which is left out: do not skip it, or, where it is the "
            "head that is drawn anew, load it: --keep-head",
            file_.path, one, fmt::join(covered, ", "));
    }
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

  void match_one(const std::string& name, Step& step, const Saved* saved,
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
        const std::string other_name =
            unread.empty() ? counterpart({name, sizes_of(step.value)}, unmatched) : "";
        obstacles_.add(fmt::format("'{}' {} is missing{}", name, entry.wanted, unread),
                       way_out(other_name, name, name), "--allow-missing");
      }
    } else {
      match_shapes(entry, step, *saved->tensor, left);
    }
    report_.entries.push_back(std::move(entry));
  }

  void match_shapes(WarmStartReport::Entry& entry, Step& step, const io::StoredTensor& saved,
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
                       way_out(entry.name, saved.sizes, wanted), "--skip-mismatched");
      }
    } else if (rule->rule == Adapt::reinitialize) {
      entry.status = Status::skipped;
      entry.note = "reinitialize; " + left;
    } else if (const auto reason = saved.sizes.size() > Shape::max_rank
                                       ? "it has too many dimensions"
                                       : why_not(rule->rule, saved.sizes, wanted, rule->channels)) {
      obstacles_.add(fmt::format("'{}' of shape {} cannot become {} by '{}', as {}", entry.name,
                                 saved.shape_text(), entry.wanted, name_of(rule->rule), *reason),
                     way_out(entry.name, saved.sizes, wanted));
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
                       [&](const Step& one) { return one.from && one.value.same_as(steps_[i].value); });
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

  void match_rest(const Saved& saved, const std::vector<Unmatched>& lacking) {
    WarmStartReport::Entry entry{.status = Status::unexpected,
                                 .name = saved.name,
                                 .saved_name = saved.tensor->name,
                                 .saved = describe(*saved.tensor)};
    const bool counter = is_batch_counter(saved.name, *saved.tensor);
    if (counter || skipped(saved.name)) {
      entry.status = Status::skipped;
      if (counter) entry.note = "PyTorch's count of batches, which nothing here needs";
    } else {
      const std::string wanted = counterpart({saved.name, saved.tensor->sizes}, lacking);
      if (!wanted.empty()) entry.note = fmt::format("did you mean '{}'?", wanted);
      if (!options_.allow_unexpected)
        obstacles_.add(fmt::format("'{}' {} is unexpected", saved.name, entry.saved),
                       way_out(saved.name, wanted, saved.name), "--allow-unexpected");
    }
    report_.entries.push_back(std::move(entry));
  }

  nn::Module& model_;
  const WarmStartOptions& options_;
  const io::TensorFile& file_;
  std::vector<Saved> saved_;
  std::vector<std::string> names_;
  std::vector<Step> steps_;
  Obstacles obstacles_;
  WarmStartReport report_;
};

}  // namespace

const char* name_of(Mismatch mismatch) {
  constexpr auto names =
      choices<Mismatch>("treatment of other shapes", {{Mismatch::error, "error"}, {Mismatch::skip, "skip"}});
  return names.name_of(mismatch);
}

WarmStartReport load_state_dict(nn::Module& model, const io::TensorFile& file,
                                const WarmStartOptions& options) {
  Matcher matcher(model, file, options);
  WarmStartReport report = matcher.match();
  matcher.apply();
  return report;
}

}  // namespace fanin::start
