#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <type_traits>

#include <fanin/core/fail.hpp>
#include <fanin/core/format.hpp>
#include <fanin/core/printable.hpp>
#include <fanin/core/version.hpp>
#include <fanin/io/finite_json.hpp>
#include <fanin/train/json_log.hpp>
#include <fanin/train/setting_json.hpp>
#include <fanin/train/trainer.hpp>

namespace fanin::train {
namespace {

using nlohmann::ordered_json;

constexpr int schema = 1;

/// `"key":value` for each member of an object, between braces left out.
std::string members(const ordered_json& object) {
  const std::string text = io::json_text(object);
  return text.substr(1, text.size() - 2);
}

ordered_json known(double value) { return io::finite_or_null(value); }

/// `,"key":value` for each.
std::string members(const JsonLog::Labels& labels) {
  std::string text;
  for (const auto& label : labels) {
    const ordered_json value = std::visit(
        [](const auto& one) {
          using T = std::decay_t<decltype(one)>;
          if constexpr (std::is_same_v<T, double>)
            return known(one);
          else if constexpr (std::is_same_v<T, SettingTexts>)
            return settings_json(one);
          else
            return ordered_json(one);
        },
        label.second);
    text += "," + members(ordered_json{{label.first, value}});
  }
  return text;
}

void add(ordered_json& json, const char* name, const Evaluation& found) {
  const bool measured = found.count > 0;
  json[std::string(name) + "_loss"] = known(measured ? found.loss : unknown);
  json[std::string(name) + "_accuracy"] = known(measured ? found.accuracy : unknown);
}

/// As a process that was killed may have left it.
bool ends_within_a_line(const std::string& path) {
  std::error_code failed;
  if (!std::filesystem::is_regular_file(path, failed)) return false;
  std::ifstream file(path, std::ios::binary);
  char last = '\n';
  return file.seekg(-1, std::ios::end) && file.get(last) && last != '\n';
}

}  // namespace

/// Lines go to it whole, one at a time.
class JsonLog::File {
 public:
  File(std::string path, bool append, std::string facts, Notice notice)
      : path_(std::move(path)), facts_(std::move(facts)), notice_(std::move(notice)) {
    descriptor_ =
        ::open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_APPEND | (append ? 0 : O_TRUNC), 0666);
    if (descriptor_ < 0) fail("{}: the log cannot be written: {}", printable(path_), std::strerror(errno));
    torn_ = append && ends_within_a_line(path_);
  }
  File(std::function<void(std::string_view)> sink, std::string facts)
      : facts_(std::move(facts)), sink_(std::move(sink)) {}
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  /// Writes what `fill` puts behind `{"kind":`.
  template <class Fill>
  void write(const Fill& fill) {
    write_line([&] {
      fmt::format_to(std::back_inserter(line_), "{{\"kind\":");
      fill(line_);
      fmt::format_to(std::back_inserter(line_), "}}\n");
    });
  }
  /// Writes what `fill` puts into `line_`.
  template <class Fill>
  void write_line(const Fill& fill) {
    const std::lock_guard lock(mutex_);
    line_.clear();
    if (torn_) line_.push_back('\n');
    fill();
    if (put(line_.data(), line_.size())) {
      torn_ = false;
      return;
    }
    if (lost_++ == 0 && notice_)
      notice_(fmt::format("{}: the log cannot be written: {}; the run goes on, and the log where it can",
                          path_, std::strerror(errno)));
  }
  void write_whole(std::string_view line) {
    write_line([&] { line_.append(line.data(), line.data() + line.size()); });
  }
  Index lost() const {
    const std::lock_guard lock(mutex_);
    return lost_;
  }
  const std::string& path() const { return path_; }
  const std::string& facts() const { return facts_; }

 private:
  bool put(const char* bytes, std::size_t size) {
    if (sink_) return sink_({bytes, size}), true;
    while (size > 0) {
      const ssize_t written = ::write(descriptor_, bytes, size);
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return false;
      torn_ = true;
      bytes += written;
      size -= static_cast<std::size_t>(written);
    }
    return true;
  }

  std::string path_, facts_;
  Notice notice_;
  std::function<void(std::string_view)> sink_;
  int descriptor_ = -1;
  mutable std::mutex mutex_;  // guards what follows
  fmt::memory_buffer line_;   // keeps its room: a step allocates nothing
  bool torn_ = false;         // whether the file may end within a line
  Index lost_ = 0;
};

namespace {

/// A number as JSON has it; null for one that it has not.
void number(fmt::memory_buffer& line, const char* name, double value) {
  if (std::isfinite(value))
    fmt::format_to(std::back_inserter(line), ",\"{}\":{}", name, value);
  else
    fmt::format_to(std::back_inserter(line), ",\"{}\":null", name);
}

void text(fmt::memory_buffer& line, const std::string& json) {
  line.append(json.data(), json.data() + json.size());
}

}  // namespace

JsonLog::JsonLog(const std::string& path, bool append, const Labels& facts, Notice notice)
    : file_(std::make_shared<File>(path, append, members(facts), std::move(notice))) {}

JsonLog::JsonLog(std::function<void(std::string_view line)> sink, const Labels& facts)
    : file_(std::make_shared<File>(std::move(sink), members(facts))) {}

void JsonLog::line(std::string_view whole) const {
  if (file_) file_->write_whole(whole);
}

JsonLog JsonLog::labelled(const Labels& labels) const {
  JsonLog log = *this;
  log.labels_ += members(labels);
  return log;
}

Index JsonLog::lost() const { return file_ ? file_->lost() : 0; }

void JsonLog::require_whole() const {
  if (const Index count = lost(); count > 0)
    fail("{}: {} of the log could not be written; what stands in it is right", printable(path()),
         text::counted(static_cast<std::size_t>(count), "line"));
}

const std::string& JsonLog::path() const {
  static const std::string nowhere;
  return file_ ? file_->path() : nowhere;
}

void JsonLog::run(Index step, int epochs, const data::Sets& sets, const SettingTexts& settings) const {
  if (!file_) return;
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  const ordered_json json = {
      {"schema", schema},
      {"version", version},
      {"time", fmt::format("{:%FT%TZ}", fmt::gmtime(std::chrono::system_clock::to_time_t(now)))},
      {"step", step},
      {"epochs", epochs},
      {"images",
       {{"training", sets.training.count}, {"validation", sets.validation.count}, {"test", sets.test.count}}},
      {"settings", settings_json(settings)}};
  file_->write([&](fmt::memory_buffer& line) {
    text(line, "\"run\"" + labels_ + file_->facts() + "," + members(json));
  });
}

void JsonLog::step(Index step, Index epoch, double loss, double lr, double seconds) const {
  if (!file_) return;
  file_->write([&](fmt::memory_buffer& line) {
    fmt::format_to(std::back_inserter(line), "\"step\"{},\"step\":{},\"epoch\":{}", labels_, step, epoch);
    number(line, "loss", loss);
    number(line, "lr", lr);
    number(line, "seconds", seconds);
  });
}

void JsonLog::epoch(Index step, const EpochRecord& record) const {
  if (!file_) return;
  file_->write([&](fmt::memory_buffer& line) {
    fmt::format_to(std::back_inserter(line), "\"epoch\"{},\"epoch\":{},\"step\":{}", labels_, record.epoch,
                   step);
    number(line, "train_loss", record.train_loss);
    number(line, "train_accuracy", record.train_accuracy);
    number(line, "validation_loss", record.validation_loss);
    number(line, "validation_accuracy", record.validation_accuracy);
    number(line, "test_loss", record.test_loss);
    number(line, "test_accuracy", record.test_accuracy);
    number(line, "seconds", record.seconds);
  });
}

void JsonLog::end(const TrainResult& result) const {
  if (!file_) return;
  ordered_json json = {
      {"status", name_of(result.status)},
      {"steps", result.steps},
      {"epochs", result.history.size()},
      {"best_epoch", result.best_epoch > 0 ? ordered_json(result.best_epoch) : ordered_json()}};
  add(json, "validation", result.validation);
  add(json, "test", result.test);
  json["seconds"] = known(result.seconds);
  json["message"] = result.divergence.empty() ? ordered_json() : ordered_json(result.divergence);
  json["lost"] = lost();
  file_->write([&](fmt::memory_buffer& line) { text(line, "\"end\"" + labels_ + "," + members(json)); });
}

}  // namespace fanin::train
