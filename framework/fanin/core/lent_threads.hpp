#pragma once

namespace fanin {

/// The threads that the calling thread's work is spread over (`set_threads`), to be lent to others that work
/// while it waits.
class LentThreads {
 public:
  LentThreads();  ///< those of the calling thread

  /// While one lives, the calling thread's work is spread over the lent threads. Their owner must outlive it,
  /// and neither it nor another borrower may compute meanwhile.
  class Use {
   public:
    explicit Use(const LentThreads& lent);  ///< from here on
    ~Use();
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;

   private:
    void* before_;
  };

 private:
  void* threads_;
};

}  // namespace fanin
