// Threads that start together and are waited for.
#pragma once

#include <latch>
#include <thread>
#include <vector>

namespace flowkeep::threads {

/// Runs `body(i)` for i in 0 … count - 1, each in a thread of its own, all released at once; waits for them.
template <class Body>
void run_together(int count, const Body& body) {
  std::latch start(count);
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) {
    threads.emplace_back([&, i] {
      start.arrive_and_wait();
      body(i);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace flowkeep::threads
