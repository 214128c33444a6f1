"""Drives made from a seed: a winding road seen in perspective, and a car that follows it."""

from __future__ import annotations

import math

import cv2
import numpy as np

CAMERA_HEIGHT_M = 1.6
FOCAL_PX = 160.0
WIDTH_PX, HEIGHT_PX = 320, 180
LANE_M = 3.5


def make_road(length_m: float, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return points (N, 2) in m that are 0.5 m apart, their yaw (rad) and their curvature (1/m), which is a sum of slow sines."""
    random = np.random.default_rng(seed)
    s = np.arange(0.0, length_m, 0.5)
    curvature = sum(random.uniform(0.004, 0.012) * np.sin(2 * np.pi * s / wave + random.uniform(0, 6)) for wave in (90.0, 170.0, 310.0))
    yaw = np.cumsum(curvature) * 0.5
    xy = np.stack([np.cumsum(np.cos(yaw)), np.cumsum(np.sin(yaw))], axis=1) * 0.5
    return xy, yaw, np.asarray(curvature)


def draw_road(road_xy: np.ndarray, road_yaw: np.ndarray, x: float, y: float, yaw: float, near: int) -> np.ndarray:
    """Return the image (Y, X, 3) RGB of a camera on the car: sky, grass, asphalt, two solid lines and a middle line."""
    image = np.empty((HEIGHT_PX, WIDTH_PX, 3), np.uint8)
    image[:80] = np.linspace((96, 150, 210), (196, 214, 230), 80).astype(np.uint8)[:, None]
    image[80:] = np.linspace((104, 128, 82), (72, 98, 52), 100).astype(np.uint8)[:, None]
    part = slice(near + 4, min(near + 160, len(road_xy)), 2)
    side = np.stack([-np.sin(road_yaw[part]), np.cos(road_yaw[part])], axis=1)

    def project(offset_m: float) -> np.ndarray:
        delta = road_xy[part] + offset_m * side - [x, y]
        ahead = delta[:, 0] * math.cos(yaw) + delta[:, 1] * math.sin(yaw)
        right = -delta[:, 0] * math.sin(yaw) + delta[:, 1] * math.cos(yaw)
        ahead = np.maximum(ahead, 1.0)
        return np.stack([160 + FOCAL_PX * right / ahead, 80 + FOCAL_PX * CAMERA_HEIGHT_M / ahead], axis=1)

    def band(left_m: float, right_m: float, colour: tuple[int, int, int]) -> None:
        cv2.fillPoly(image, [np.round(np.concatenate([project(left_m), project(right_m)[::-1]]) * 16).astype(np.int32)], colour, cv2.LINE_AA, 4)

    band(-LANE_M * 1.5 - 0.6, LANE_M / 2 + 0.6, (78, 80, 84))
    band(LANE_M / 2 - 0.07, LANE_M / 2 + 0.07, (232, 232, 228))
    band(-LANE_M * 1.5 - 0.07, -LANE_M * 1.5 + 0.07, (232, 232, 228))
    band(-LANE_M / 2 - 0.07, -LANE_M / 2 + 0.07, (222, 184, 72))
    return image


def make_drive(ticks: int, seed: int, dt_s: float = 0.1) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray, list[np.ndarray]]:
    """Return the columns of a drive with one lane departure, the road's points (N, 2) and yaw (N,), and the camera images."""
    random = np.random.default_rng(seed)
    road_xy, road_yaw, road_curvature = make_road(ticks * 1.0 + 120.0, seed)
    time = np.arange(ticks) * dt_s
    speed = 8.5 + 1.2 * np.sin(time / 7.0)
    s = 5.0 + np.cumsum(speed) * dt_s
    index = np.minimum((s * 2).astype(int), len(road_xy) - 1)
    lateral = 0.12 * np.sin(time / 1.9) + 0.05 * np.cumsum(random.normal(0, 0.05, ticks)) / 3
    run = slice(int(ticks * 0.55), int(ticks * 0.55) + 14)
    lateral[run] += np.linspace(0.0, 2.1, len(lateral[run]))
    departed = np.zeros(ticks, dtype=bool)
    departed[run.stop - 1 : run.stop] = True
    heading = np.gradient(lateral) / (speed * dt_s)
    yaw = road_yaw[index] + heading
    xy = road_xy[index] + lateral[:, None] * np.stack([-np.sin(road_yaw[index]), np.cos(road_yaw[index])], axis=1)
    curvature = road_curvature[index]
    label = np.clip(curvature * 4.0 - 0.2 * lateral - 0.3 * heading, -1, 1)
    columns = {
        "frame": np.arange(ticks) + 100,
        "time_s": time + 3.0,
        "dt_s": np.full(ticks, dt_s),
        "x_m": xy[:, 0],
        "y_m": xy[:, 1],
        "z_m": np.zeros(ticks),
        "pitch_rad": np.zeros(ticks),
        "yaw_rad": yaw,
        "roll_rad": np.zeros(ticks),
        "speed_mps": speed,
        "yaw_rate_radps": curvature * speed,
        "steer": np.clip(label + random.normal(0, 0.006, ticks), -1, 1),
        "throttle": np.full(ticks, 0.3),
        "brake": np.zeros(ticks),
        "label_steer": label,
        "disturbance": np.zeros(ticks),
        "s_m": s,
        "lateral_m": lateral,
        "heading_error_rad": heading,
        "curvature_per_m": curvature,
        "lane_width_m": np.full(ticks, LANE_M),
        "departed": departed,
        "act_s": np.full(ticks, 0.0009),
        "tick_s": np.full(ticks, 0.004),
    }
    images = [draw_road(road_xy, road_yaw, float(xy[t, 0]), float(xy[t, 1]), float(yaw[t]), int(index[t])) for t in range(ticks)]
    return columns, road_xy, road_yaw, images
