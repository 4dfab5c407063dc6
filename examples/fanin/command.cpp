#include "examples/fanin/command.hpp"

#include <fmt/ranges.h>
#include <unistd.h>

#include <charconv>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <limits>
#include <memory>

#include <nlohmann/json.hpp>

#include <fanin/compare/guessing.hpp>
#include <fanin/core/console.hpp>
#include <fanin/core/expression.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/core/printable.hpp>
#include <fanin/core/terminal.hpp>
#include <fanin/core/text_table.hpp>
#include <fanin/core/wrap.hpp>
#include <fanin/io/finite_json.hpp>
#include <fanin/io/tensor_file.hpp>
#include <fanin/io/writable.hpp>
#include <fanin/train/class_scores.hpp>

#include "examples/fanin/launch.hpp"
#include "examples/fanin/setting_flags.hpp"
#include "examples/fanin/shared_data.hpp"

namespace fanin::program {
namespace {

std::atomic<bool> stop_asked{false};

std::atomic<int> last_signal{0};

/// The same wish said twice is meant: it does not wait for the step under way. A terminal that closes may say
/// SIGHUP twice by itself.
void on_interrupt(int signal) {
  if (last_signal.exchange(signal) == signal && signal != SIGHUP) _exit(128 + signal);
  stop_asked = true;
}

}  // namespace

void TrainingFlags::add_to(CLI::App& command) {
  command
      .add_option(
          "--data", data,
          "data set: fashion-mnist, mnist, cifar10, idx(DIR), folder(PATH, size=28), synthetic(…), see fanin data; a folder's images are decoded in a process that may only read, write and ask for memory (seccomp), and a note says where the kernel refuses that")
      ->capture_default_str();
  add_skip_bad(command, data);
  add_setting_flags(command, values, train::Topic::training);
  shards_ = command.get_option("--shards");
  lr_ = command.get_option("--lr")->default_str("0.1 for sgd, 0.001 for the others");
}

void RunFlags::add_to(CLI::App& command, const char* seeded) {
  command.add_option("--seed", seed, seeded)->capture_default_str()->check(seed_number());
  command.add_option("--threads", threads, "threads; the result does not depend on them")
      ->capture_default_str();
  command.add_option("--output", output,
                     "save the trained model here: safetensors, or PyTorch (.pth) or npz by its name");
  command.add_flag("--json", json, "one JSON object on stdout, progress on stderr");
}

void RunFlags::require_output() const {
  if (output.empty() || !is_first()) return;
  io::model_format_for(output);
  io::require_writable_file(output);
}

train::TrainOptions TrainingFlags::options() const {
  train::TrainOptions options = values;
  if (options.epochs < 1) fail_usage("--epochs must be at least 1, got {}", options.epochs);
  if (options.batch < 1) fail_usage("--batch must be at least 1, got {}", options.batch);
  double& lr = options.optimizer.lr;
  if (lr_->count() == 0) lr = options.optimizer.rule.default_lr;
  if (!(lr >= 0) || !std::isfinite(lr)) fail_usage("--lr must be a finite number ≥ 0, got {}", lr);
  if (!(options.clip_norm >= 0)) fail_usage("--clip must be ≥ 0, got {}", options.clip_norm);
  if (!(options.label_smoothing >= 0 && options.label_smoothing < 1))
    fail_usage("--label-smoothing must be in [0, 1), got {}", options.label_smoothing);
  return options;
}

void add_skip_bad(CLI::App& command, std::string& data) {
  const auto asked = std::make_shared<bool>(false);
  command.add_flag("--skip-bad", *asked,
                   "leave out images of a folder that cannot be read, and say how many");
  command.parse_complete_callback([asked, &data] {
    if (*asked) data = datasets::with_bad_images_skipped(data);
  });
}

namespace {

void tell(const std::vector<std::string>& notes) {
  for (const auto& one : notes) note("note: {}\n", printable(one));
}

}  // namespace

data::Sets load_data(const std::string& text) {
  const auto load = [&text] { return datasets::load_sets(text); };
  data::Sets data = ranks() ? loaded_once(*ranks(), load) : load();
  tell(data.notes());
  return data;
}

data::Dataset load_half(const std::string& text, datasets::Split split) {
  data::Dataset data = datasets::load_dataset(text, split);
  tell(data.notes);
  return data;
}

void cut_validation(data::Sets& data, train::TrainOptions& options) {
  options.validation = train::validation_share(options, data);
  data = data::cut_validation(std::move(data), options.validation, options.data_seed);
}

std::string counts_text(const data::Sets& data, const train::TrainOptions& options) {
  if (!data.has_validation())
    return fmt::format("{} training and {} test images", data.training.count, data.test.count);
  return fmt::format(
      "{} training, {} validation and {} test images ({})", data.training.count, data.validation.count,
      data.test.count,
      options.validation.none()
          ? "validation as the data set brings it"
          : fmt::format("--validation {} of the training set, each class in proportion, --data-seed {}",
                        options.validation.to_string(), options.data_seed));
}

void normalize(data::Sets& data, const train::TrainOptions& options, const data::Normalization& usual,
               const std::string& source) {
  const bool asked = !options.augment.normalization().empty();
  const data::Normalization& chosen = asked ? options.augment.normalization() : usual;
  const auto before = data.training.mean, stddev_before = data.training.stddev;
  for (data::Dataset* set : {&data.training, &data.validation, &data.test})
    if (set->count > 0) set->normalize(chosen);
  if (data.training.mean == before && data.training.stddev == stddev_before) return;
  note("normalisation: mean {}, stddev {} ({})\n", fmt::join(data.training.mean, " "),
       fmt::join(data.training.stddev, " "), asked ? "--augment" : source);
}

data::Batch initial_batch(const data::Dataset& training) { return data::first_batch(training, 256); }

const std::atomic<bool>& interrupted() { return stop_asked; }
void interrupt() { stop_asked = true; }

void watch_interrupts() {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction action {};
    // nohup, or a job in the background
    if (::sigaction(signal, nullptr, &action) != 0 || action.sa_handler == SIG_IGN) continue;
    action = {};
    action.sa_handler = on_interrupt;
    action.sa_flags = SA_RESTART;
    ::sigaction(signal, &action, nullptr);
  }
}

CLI::Validator seed_number() {
  return CLI::Validator(
      [](const std::string& text) {
        std::uint64_t seed = 0;
        const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), seed);
        if (status == std::errc() && end == text.data() + text.size()) return std::string();
        return fmt::format("'{}' is not a whole number from 0 to {}", text,
                           std::numeric_limits<std::uint64_t>::max());
      },
      "");
}

std::vector<std::string> split_list(const std::string& text, const std::string& separators) {
  std::vector<std::string> pieces;
  for (const auto& [first, last] : split_calls(text, separators))
    pieces.push_back(text.substr(first, last - first));
  return pieces;
}

void point_to_probe(const train::Evaluation& test, const data::Dataset& data, const std::string& model,
                    const std::string& plan) {
  if (!compare::no_better_than_guessing(test.accuracy, data)) return;
  const bool rules = plan.find_first_of("=;") != std::string::npos;
  const std::string command = fmt::format("  fanin probe --models \"{}\" --schemes \"{}\" --data \"{}\"",
                                          model, rules ? "{" + plan + "}" : plan, data.name);
  note(
      "this accuracy cannot be told from guessing ({} comes from naming one class): see whether these weights can train with\n"
      "{}and try another --lr\n",
      share_text(compare::guessing_accuracy(data)), text::command_lines(command, note_width()));
}

std::string share_text(double share) { return std::isnan(share) ? "-" : fmt::format("{:.2f}%", 100 * share); }

std::string json_text(const nlohmann::ordered_json& json) { return io::json_text(json, 2, true); }

std::string accuracy_text(const train::Evaluation& test, const data::Dataset& data) {
  const auto scores = train::class_scores(test.confusion, data.class_counts());
  return fmt::format("accuracy {}, macro F1 {}, balanced accuracy {}", share_text(test.accuracy),
                     share_text(train::macro_f1(scores)), share_text(train::balanced_accuracy(scores)));
}

void print_class_scores(const train::Evaluation& test, const data::Dataset& data) {
  text::TextTable table({{"class"}, {"precision", true}, {"recall", true}, {"F1", true}, {"samples", true}});
  const auto scores = train::class_scores(test.confusion, data.class_counts());
  for (std::size_t c = 0; c < scores.size(); ++c) {
    const auto& one = scores[c];
    table.add({printable(data.class_name(static_cast<int>(c))), share_text(one.precision),
               share_text(one.recall), share_text(one.f1), std::to_string(one.samples)});
  }
  say("{}", table.to_string(output_width()));
}

void add_class_scores(nlohmann::ordered_json& json, const train::Evaluation& test,
                      const data::Dataset& data) {
  using io::finite_or_null;
  const auto scores = train::class_scores(test.confusion, data.class_counts());
  json["macro_f1"] = finite_or_null(train::macro_f1(scores));
  json["balanced_accuracy"] = finite_or_null(train::balanced_accuracy(scores));
  json["classes"] = nlohmann::ordered_json::array();
  for (std::size_t c = 0; c < scores.size(); ++c) {
    const auto& one = scores[c];
    json["classes"].push_back({{"name", printable(data.class_name(static_cast<int>(c)))},
                               {"samples", one.samples},
                               {"precision", finite_or_null(one.precision)},
                               {"recall", finite_or_null(one.recall)},
                               {"f1", finite_or_null(one.f1)}});
  }
}

nlohmann::ordered_json confusion_json(const train::Confusion& confusion) {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (int truth = 0; truth < confusion.classes; ++truth) {
    nlohmann::ordered_json row = nlohmann::ordered_json::array();
    for (int guess = 0; guess < confusion.classes; ++guess) row.push_back(confusion.at(truth, guess));
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace fanin::program
