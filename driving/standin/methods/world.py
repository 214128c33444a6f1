"""RPC methods on the server and its world: handshake, settings, ticks, maps, weather, scenery objects and traffic managers.

Each method takes the arguments as the client sends them, without the metadata, and returns a result that MessagePack can pack.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from driving.quantities import Pose, wrap_angle
from driving.standin import blueprint_library
from driving.standin.episode.catalogue import PREFIX, SHORT_PREFIX
from driving.standin.episode.environment_objects import ANY
from driving.standin.methods.ray_queries import cast_ray, project_point
from driving.standin.settings import Settings
from driving.standin.simulation import Simulation
from driving.standin.wire.messages import fields, flag, items, natural, real, text, transform, vector, wide_natural
from driving.standin.wire.rpc import OK_VOID, RefusedError, refuse_always, respond
from driving.standin.wire.streams import EPISODE_STREAM
from driving.world.physics.dynamics import GRAVITY
from driving.world.weather import NAMES, Weather

VERSION = "0.9.16"
MAX_REGISTERED = 1000
MAX_HOST_CHARACTERS = 200
RECORDER = (
    "start_recorder",
    "stop_recorder",
    "show_recorder_file_info",
    "show_recorder_collisions",
    "show_recorder_actors_blocked",
    "replay_file",
    "stop_replayer",
    "set_replayer_time_factor",
    "set_replayer_ignore_hero",
    "set_replayer_ignore_spectator",
)


class WorldMethods:
    """The methods of one simulation."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._traffic_managers: dict[int, str] = {}

    def get_version(self) -> Any:
        """Return the version of CARLA that this server speaks, or the one that a fault asks for."""
        other = self._simulation.faults.find_amount("version", 1)
        return respond(VERSION if other is None else f"{VERSION.rpartition('.')[0]}.{other:g}")

    def list_methods(self) -> dict[str, Callable[..., Any]]:
        """Return the methods by their names on the wire."""
        return {
            "version": self.get_version,
            "get_available_maps": lambda: respond([PREFIX + name for name in self._simulation.catalogue.names]),
            "get_episode_info": self.get_episode_info,
            "get_sensor_token": self.get_sensor_token,
            "get_episode_settings": lambda: respond(self._simulation.settings.message()),
            "set_episode_settings": self.set_episode_settings,
            "tick_cue": self._simulation.tick,
            "get_map_info": self.get_map_info,
            "get_map_data": lambda: respond(self._simulation.episode.level.map.network.text),
            "get_required_files": lambda *_: respond([]),
            "load_new_episode": self.load_new_episode,
            "copy_opendrive_to_file": self.copy_opendrive_to_file,
            "get_actor_definitions": lambda: respond(blueprint_library.list_definitions()),
            "get_spectator": lambda: respond(self._simulation.episode.spectator.record()),
            "get_weather_parameters": lambda: respond(self._simulation.weather.as_list()),
            "set_weather_parameters": self.set_weather_parameters,
            "is_weather_enabled": lambda: respond(True),
            "query_lights_state": lambda *_: respond([]),
            "update_lights_state": lambda *_: OK_VOID,
            "draw_debug_shape": lambda *_: OK_VOID,
            "project_point": self.project_point,
            "cast_ray": self.cast_ray,
            "get_environment_objects": lambda tag=ANY: respond(self._simulation.episode.environment.list_objects(natural(tag))),
            "get_all_level_BBs": self.get_all_level_bbs,
            "enable_environment_objects": self.enable_environment_objects,
            "get_names_of_all_objects": lambda: respond(self._simulation.episode.environment.names),
            "get_imui_gravity": lambda: respond(GRAVITY),
            "load_map_layer": lambda *_: OK_VOID,
            "unload_map_layer": lambda *_: OK_VOID,
            "console_command": refuse_always("console commands need Unreal"),
            "is_traffic_manager_running": lambda port: respond(natural(port) in self._traffic_managers),
            "get_traffic_manager_running": lambda port: respond([self._traffic_managers.get(natural(port), ""), natural(port)]),
            "add_traffic_manager_running": self.add_traffic_manager_running,
            "destroy_traffic_manager": self.destroy_traffic_manager,
            **{name: refuse_always("recording is left to driving.logs: `python scripts/record.py`") for name in RECORDER},
        }

    def get_episode_info(self) -> Any:
        """Return the EpisodeInfo [id, [token of the snapshots' stream]]. After a load it is the old one's until the next tick, see `loading`."""
        self._simulation.loading.note_asked()
        return respond([self._simulation.episode_id, [self._simulation.streams.make_token(EPISODE_STREAM)]])

    def get_sensor_token(self, stream_id: Any) -> Any:
        """Return the token of a sensor's stream."""
        if natural(stream_id) not in self._simulation.streams:
            raise RefusedError(f"no stream {stream_id}: its sensor was destroyed")
        self._simulation.streams.promise(stream_id)
        return respond([self._simulation.streams.make_token(stream_id)])

    def set_episode_settings(self, item: Any) -> Any:
        """Apply settings and return the frame."""
        self._simulation.apply_settings(Settings.from_message([*items(item), *Settings().message()[len(item) :]]))
        return respond(self._simulation.frame)

    def get_map_info(self) -> Any:
        """Return the MapInfo [name, spawn points]."""
        level = self._simulation.episode.level
        return respond([SHORT_PREFIX + level.name, [transform(_wrap_angles(at)) for at in level.spawns]])

    def load_new_episode(self, name: Any, reset_settings: Any = True, _layers: Any = 0) -> Any:
        """Load a map for a new episode; the name "" means the current map."""
        return self._simulation.load(text(name), flag(reset_settings), patiently=bool(self._traffic_managers)) or OK_VOID

    def copy_opendrive_to_file(self, opendrive: Any, *_: Any) -> Any:
        """Keep an OpenDRIVE text as the map that the next load_new_episode opens."""
        self._simulation.catalogue.add_generated(text(opendrive))
        return OK_VOID

    def set_weather_parameters(self, item: Any) -> Any:
        """Change the weather. It shows from the next image on."""
        values = [real(part) for part in items(item)]
        before = self._simulation.weather.as_list()
        self._simulation.weather = Weather.from_list([*values, *before[len(values) :]][: len(NAMES)])
        return OK_VOID

    def project_point(self, location: Any, direction: Any, distance: Any) -> Any:
        """Return the first hit from a point in a direction, as optional<LabelledPoint>."""
        found = project_point(self._simulation.episode, vector(location), vector(direction), real(distance))
        return respond([found is not None, found or [[0.0, 0.0, 0.0], 0]])

    def cast_ray(self, start: Any, end: Any) -> Any:
        """Return all hits between two points, as LabelledPoints."""
        return respond(cast_ray(self._simulation.episode, vector(start), vector(end)))

    def get_all_level_bbs(self, tag: Any = ANY) -> Any:
        """Return the BoundingBoxes of all objects and bodies with a semantic tag."""
        episode = self._simulation.episode
        return respond(episode.environment.list_boxes(natural(tag), episode.fleet))

    def enable_environment_objects(self, ids: Any, shown: Any) -> Any:
        """Show or hide environment objects."""
        self._simulation.episode.environment.show([wide_natural(item) for item in items(ids)], flag(shown))
        return OK_VOID

    def add_traffic_manager_running(self, item: Any) -> Any:
        """Note where a client runs its traffic manager. The response is False if that port has one already."""
        name, number = fields(item, 2, and_more=True)
        host, port = text(name)[:MAX_HOST_CHARACTERS], natural(number)
        if port in self._traffic_managers or len(self._traffic_managers) >= MAX_REGISTERED:
            return respond(False)
        self._traffic_managers[port] = host
        return respond(True)

    def destroy_traffic_manager(self, port: Any) -> Any:
        """Forget a traffic manager and return whether it was known."""
        return respond(self._traffic_managers.pop(natural(port), None) is not None)


def _wrap_angles(at: Pose) -> Pose:
    """Return the same pose with pitch and yaw in [-pi, pi), as in snapshots."""
    return replace(at, pitch_rad=wrap_angle(at.pitch_rad), yaw_rad=wrap_angle(at.yaw_rad))
