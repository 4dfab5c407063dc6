#pragma once
#include <sys/types.h>

#include <string>

#include <nlohmann/json.hpp>

/// A headless Chromium, spoken to by its DevTools protocol over a pipe: the page is used as a reader uses it.
class Browser {
 public:
  /// Whether Chromium is installed.
  static bool installed();
  /// Starts it; what pages save goes into `downloads`. Its profile is a folder below.
  explicit Browser(const std::string& downloads);
  ~Browser();
  Browser(const Browser&) = delete;
  Browser& operator=(const Browser&) = delete;

  /// Opens a file and waits until its scripts have run.
  void open(const std::string& path);
  /// The value of an expression in the page, awaited where it is a promise; fails the test where it throws.
  nlohmann::json value(const std::string& expression);
  /// Presses a key as a keyboard does: "Tab", "ArrowRight", "Enter".
  void press(const std::string& key);
  /// Clicks in the middle of the element as a mouse does.
  void click(const std::string& selector);
  /// The page as if on such a screen, or on "print" media.
  void emulate(int width, const std::string& scheme, const std::string& media = "screen");
  /// A command of the protocol to the page; its result.
  nlohmann::json call(const std::string& method, const nlohmann::json& parameters = nlohmann::json::object());

 private:
  nlohmann::json receive();

  pid_t process_ = -1;
  void (*before_)(int) = nullptr;  // what SIGPIPE did
  int to_ = -1, from_ = -1;
  int number_ = 0;
  std::string session_, pending_;
};
