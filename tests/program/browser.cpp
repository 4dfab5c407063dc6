#include "tests/program/browser.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <thread>

using nlohmann::json;

namespace {

constexpr const char* program = "/usr/bin/chromium";
constexpr int patience = 60'000;  // ms; a machine may be busy

/// The protocol's own numbers: commands come in at 3, answers go out at 4.
[[noreturn]] void become_browser(int commands, int answers, const std::string& profile) {
  // They may stand where the others are to go.
  const int in = ::fcntl(commands, F_DUPFD, 10), out = ::fcntl(answers, F_DUPFD, 10);
  const int nowhere = ::open("/dev/null", O_RDWR);
  for (const int output : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(nowhere, output);
  ::dup2(in, 3);
  ::dup2(out, 4);
  for (int other = 5; other < 64; ++other) ::close(other);
  ::setpgid(0, 0);
  const std::string folder = "--user-data-dir=" + profile;
  ::execl(program, program, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
          "--disable-dev-shm-usage", "--disable-background-networking", "--remote-debugging-pipe",
          folder.c_str(), "about:blank", static_cast<char*>(nullptr));
  ::_exit(127);
}

}  // namespace

bool Browser::installed() { return std::filesystem::exists(program); }

Browser::Browser(const std::string& downloads) {
  int commands[2], answers[2];
  REQUIRE(::pipe2(commands, O_CLOEXEC) == 0);
  REQUIRE(::pipe2(answers, O_CLOEXEC) == 0);
  const std::string profile = downloads + "/profile";
  process_ = ::fork();
  REQUIRE(process_ >= 0);
  if (process_ == 0) become_browser(commands[0], answers[1], profile);
  ::close(commands[0]);
  ::close(answers[1]);
  to_ = commands[1];
  from_ = answers[0];
  before_ = ::signal(SIGPIPE, SIG_IGN);
  call("Browser.setDownloadBehavior", {{"behavior", "allow"}, {"downloadPath", downloads}});
  const json target = call("Target.createTarget", {{"url", "about:blank"}});
  session_ =
      call("Target.attachToTarget", {{"targetId", target["targetId"]}, {"flatten", true}})["sessionId"];
  call("Page.enable");
}

Browser::~Browser() {
  ::close(to_);
  ::kill(-process_, SIGKILL);  // its group: it has helpers
  ::kill(process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
  ::close(from_);
  ::signal(SIGPIPE, before_);  // programs that later tests start inherit it
}

json Browser::receive() {
  std::size_t end;
  while ((end = pending_.find('\0')) == std::string::npos) {
    pollfd waiting{from_, POLLIN, 0};
    REQUIRE_MESSAGE(::poll(&waiting, 1, patience) == 1, "Chromium does not answer");
    char bytes[1 << 16];
    const ssize_t count = ::read(from_, bytes, sizeof bytes);
    REQUIRE_MESSAGE(count > 0, "Chromium ended");
    pending_.append(bytes, static_cast<std::size_t>(count));
  }
  json message = json::parse(pending_.substr(0, end));
  pending_.erase(0, end + 1);
  return message;
}

json Browser::call(const std::string& method, const json& parameters) {
  json command = {{"id", ++number_}, {"method", method}, {"params", parameters}};
  if (!session_.empty()) command["sessionId"] = session_;
  const std::string text = command.dump() + '\0';
  for (std::size_t sent = 0; sent < text.size();) {
    const ssize_t count = ::write(to_, text.data() + sent, text.size() - sent);
    REQUIRE(count > 0);
    sent += static_cast<std::size_t>(count);
  }
  for (;;) {
    const json answer = receive();
    if (answer.value("id", 0) != number_) continue;  // an event
    REQUIRE_MESSAGE(!answer.contains("error"), method, ": ", answer.dump());
    return answer["result"];
  }
}

void Browser::open(const std::string& path) {
  call("Page.navigate", {{"url", "file://" + std::filesystem::absolute(path).string()}});
  const auto started = std::chrono::steady_clock::now();
  while (value("document.readyState") != "complete" || value("location.protocol") != "file:") {
    REQUIRE(std::chrono::steady_clock::now() - started < std::chrono::milliseconds(patience));
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

json Browser::value(const std::string& expression) {
  const json answer = call(
      "Runtime.evaluate",
      {{"expression", expression}, {"awaitPromise", true}, {"returnByValue", true}, {"userGesture", true}});
  REQUIRE_MESSAGE(!answer.contains("exceptionDetails"), expression, ": ", answer.dump());
  return answer["result"].value("value", json());
}

void Browser::press(const std::string& key) {
  // Tab and Enter do what they do by their number; the others by their name.
  const int number = key == "Tab" ? 9 : key == "Enter" ? 13 : 0;
  json event = {{"type", "keyDown"}, {"key", key}, {"code", key}};
  if (number > 0) event["windowsVirtualKeyCode"] = number;
  if (key == "Enter") event["text"] = "\r";
  call("Input.dispatchKeyEvent", event);
  event["type"] = "keyUp";
  event.erase("text");
  call("Input.dispatchKeyEvent", event);
}

void Browser::click(const std::string& selector) {
  const json at = value("(() => { const e = document.querySelector(" + json(selector).dump() +
                        "); e.scrollIntoView({block: 'center'}); const r = e.getBoundingClientRect(); "
                        "return [r.x + r.width / 2, r.y + r.height / 2]; })()");
  for (const char* type : {"mousePressed", "mouseReleased"})
    call("Input.dispatchMouseEvent",
         {{"type", type}, {"x", at[0]}, {"y", at[1]}, {"button", "left"}, {"clickCount", 1}});
}

void Browser::emulate(int width, const std::string& scheme, const std::string& media) {
  call("Emulation.setDeviceMetricsOverride",
       {{"width", width}, {"height", 900}, {"deviceScaleFactor", 1}, {"mobile", false}});
  call("Emulation.setEmulatedMedia",
       {{"media", media}, {"features", {{{"name", "prefers-color-scheme"}, {"value", scheme}}}}});
}
