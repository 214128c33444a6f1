// Helper threads that are kept from call to call, because starting a thread takes as long as the forward pass of a small network.
//
// A helper that has finished looks for more work for a while, yielding its core to others, and then sleeps. No call waits for a helper to wake up:
// the caller does the remaining work itself. A call that arrives while the helpers serve another call runs without them. Helpers are never joined,
// and a forked process starts its own.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <system_error>
#include <thread>
#if !defined(_WIN32)
#include <unistd.h>
#endif

struct Helpers {
    std::mutex one_caller, guard;
    std::condition_variable more;
    std::atomic<int64_t> call{0}, next{0}, at_work{0};
    int64_t count = 0, wanted = 0, pieces = 0, process;
    void (*work)(const void*, int64_t) = nullptr;
    const void* with = nullptr;

    explicit Helpers(int64_t process) : process(process) {}

    void do_pieces() {
        for (int64_t piece = next++; piece < pieces; piece = next++) work(with, piece);
    }

    void help() {
        for (int64_t seen = 0;;) {
            const auto since = std::chrono::steady_clock::now();
            while (call == seen && std::chrono::steady_clock::now() - since < std::chrono::microseconds(200)) std::this_thread::yield();
            {
                std::unique_lock<std::mutex> lock(guard);
                more.wait(lock, [&] { return call != seen; });
                seen = call;
                if (wanted == 0) continue;
                wanted--;
                at_work++;
            }
            do_pieces();
            at_work--;
        }
    }

    void start(int64_t helpers) {
        try {
            for (; count < helpers; count++) std::thread([this] { help(); }).detach();
        } catch (const std::system_error&) {
            // The system gives no more threads. The existing ones do the work; there is at least the caller.
        }
    }

    void share(int64_t all, int64_t helpers, void (*what)(const void*, int64_t), const void* whom) {
        start(helpers);
        {
            std::lock_guard<std::mutex> lock(guard);
            pieces = all, wanted = helpers, work = what, with = whom, next = 0;
            call++;
        }
        more.notify_all();
        do_pieces();
        {
            std::lock_guard<std::mutex> lock(guard);
            wanted = 0;
        }
        while (at_work > 0) std::this_thread::yield();
    }
};

static Helpers& helpers_of_this_process() {
#if defined(_WIN32)
    const int64_t process = 0;
#else
    const int64_t process = getpid();
#endif
    static std::atomic<Helpers*> helpers{nullptr};
    Helpers* found = helpers;
    while (!found || found->process != process) {
        Helpers* made = new Helpers(process);
        if (helpers.compare_exchange_strong(found, made)) return *made;
        delete made;
    }
    return *found;
}

// Run work(0) to work(pieces - 1) on up to `threads` threads, the calling one included.
template <class Work>
static void share(int64_t pieces, int64_t threads, const Work& work) {
    const int64_t wanted = std::min(threads, pieces) - 1;
    if (wanted > 0) {
        Helpers& helpers = helpers_of_this_process();
        const std::unique_lock<std::mutex> lock(helpers.one_caller, std::try_to_lock);
        if (lock) return helpers.share(pieces, wanted, [](const void* with, int64_t piece) { (*static_cast<const Work*>(with))(piece); }, &work);
    }
    for (int64_t piece = 0; piece < pieces; piece++) work(piece);
}
