update registry.champions set ended_because = 'superseded' where ended_because = 'succeeded';
